import { describe, expect, it } from 'vitest';
import { formatLine } from '../../../src/disk/checked-line.js';
import { EntryFields, readEntryFields } from '../../../src/run/entries/read-entry.js';
import { ImageRecord, isImageRecord } from '../../../src/run/record.js';

const DETECTION = { class: 'dog', prompt: 'a dog', score: 0.5, box: [1, 2, 3, 4], patch: 7 };
const RECORD = {
  image: 'sub/é "日本".jpg',
  id: 7,
  width: 640,
  height: 480,
  detections: [DETECTION, { ...DETECTION, prompt: ',"detections":[{}],"size_bytes":1}' }],
  size_bytes: 10,
  modified_ms: 1_700_000_000_000,
  sha256: 'ef',
};

/** Records with one field that is missing, added, or of another type. */
const OTHERS: Record<string, unknown>[] = [
  { replaces: 2, etag: '"a"', url: 'https://example.com/a.jpg', encoding: 'JPEG', phash: '0f', degraded: 'cut' },
  { detections: [] },
  { image: 5 },
  { image: ',"detections":[' },
  { image: '],"size_bytes":' },
  ...[0, -1, 1.5, '1', null, 2 ** 60].flatMap((value) => [{ id: value }, { replaces: value }]),
  ...['width', 'height', 'size_bytes', 'modified_ms'].flatMap((name) => [{ [name]: '1' }, { [name]: undefined }]),
  ...['etag', 'url', 'encoding', 'phash', 'degraded', 'sha256'].map((name) => ({ [name]: 1 })),
  ...[
    { class: 1 },
    { prompt: null },
    { score: '1' },
    { box: [1, 2, 3] },
    { box: [1, 2, 3, null] },
    { patch: undefined },
  ].map((part) => ({ detections: [{ ...DETECTION, ...part }] })),
  { detections: 'none' },
  { detections: [null] },
  { detections: [{ ...DETECTION, more: 1 }] },
  { more: 1 },
].map((part) => ({ ...RECORD, ...part }));

describe('the fast path of reading a line', () => {
  it.each([RECORD, ...OTHERS])('is what the schema makes of it, or left to the schema: %j', (record) => {
    const line = Buffer.from(formatLine(record).trimEnd());
    const { data } = EntryFields.safeParse(record);
    const fields = readEntryFields(line);
    if (fields !== undefined) expect(EntryFields.parse(fields)).toEqual(data);
    const json = JSON.parse(JSON.stringify(record)) as unknown;
    if (isImageRecord(json)) expect(json).toEqual(ImageRecord.parse(json));
  });

  it('is every line that this program writes', () => {
    for (const record of [RECORD, OTHERS[0]!, OTHERS[1]!]) {
      expect(readEntryFields(Buffer.from(formatLine(record).trimEnd()))).toMatchObject({ image: RECORD.image, id: 7 });
      expect(isImageRecord(record)).toBe(true);
    }
  });

  it('is nothing where the fields are in another order', () => {
    const { size_bytes: size, ...record } = RECORD;
    for (const other of [{ size_bytes: size, ...record }, { ...record, size_bytes: size }, { a: 1 }])
      expect(readEntryFields(Buffer.from(formatLine(other).trimEnd()))).toBeUndefined();
  });
});
