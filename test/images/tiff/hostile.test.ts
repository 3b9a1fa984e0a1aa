import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/images/decode.js';
import { inspectTiff } from '../../../src/images/tiff/inspect.js';
import { readPages } from '../../../src/images/tiff/read-pages.js';
import { FIXTURES } from '../../support/model/golden.js';
import { Random } from '../../support/random.js';

const FOLDER = join(FIXTURES, 'tiff');
const LIMITS = { maxPixels: 268_402_689, strict: false };

/** A directory of 12-byte entries, and where the next one is. */
function directory(entries: readonly (readonly [tag: number, type: number, count: number, value: number])[], next = 0) {
  const bytes = Buffer.alloc(2 + entries.length * 12 + 4);
  bytes.writeUInt16LE(entries.length);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 2 + i * 12);
    bytes.writeUInt16LE(type, 4 + i * 12);
    bytes.writeUInt32LE(count, 6 + i * 12);
    bytes.writeUInt32LE(value, 10 + i * 12);
  }
  bytes.writeUInt32LE(next, bytes.length - 4);
  return bytes;
}

const tiff = (...parts: Buffer[]) => Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), ...parts]);

describe('the directories of a hostile TIFF file', () => {
  it('end where they lead back to one that was read, or outside the file', () => {
    const once = tiff(directory([[256, 4, 1, 10]], 8));
    expect(readPages(once)?.main).toHaveLength(1);
    const outside = tiff(directory([[256, 4, 1, 10]], 0xfffffff0));
    expect(readPages(outside)?.main).toHaveLength(1);
    const inside = tiff(directory([[330, 4, 1, 8]]));
    expect(readPages(inside)).toMatchObject({ main: [{ at: 8 }], nested: [] });
    expect(readPages(tiff(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0])))).toBeUndefined();
  });

  it('are read in milliseconds, however many they are and however long they claim to be', () => {
    const length = 2 + 4000 * 12 + 4;
    const long = (index: number) =>
      directory(
        Array.from({ length: 4000 }, (_, i) => [330, 4, 0xffffffff, i] as const),
        8 + (index + 1) * length,
      );
    const bytes = tiff(...Array.from({ length: 200 }, (_, i) => long(i)));
    const start = performance.now();
    expect(readPages(bytes)?.main).toHaveLength(16); // 65,536 fields hold no more
    expect(inspectTiff(bytes)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it.each([
    ['float-rgb-0-1.tif'],
    ['bigtiff-float-big-endian.tif'],
    ['double-rgb-planar.tif'],
    ['thumbnail-first-subifd.tif'],
    ['uint16-5-bands-described.tif'],
    ['half-grey-0-255.tif'],
  ])('%s with changed bytes is decoded or refused as an image', async (file) => {
    const bytes = readFileSync(join(FOLDER, file));
    const random = new Random(file.length);
    for (let round = 0; round < 150; round++) {
      const changed = Buffer.from(bytes);
      // Half of the changes hit the header and what is behind it, half the tags.
      const tagsAt = readPages(bytes)!.main[0]!.at;
      for (let i = 0; i < 3; i++) changed[(random.chance(0.5) ? 4 : tagsAt) + random.below(260)] = random.below(256);
      const outcome = await decodeImage(changed, LIMITS).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toHaveProperty('code', expect.stringMatching(/^IMAGE_/));
    }
  });

  it('with more pixels than its bytes can hold is refused before they are looked for', async () => {
    const bytes = await readFile(join(FOLDER, 'float-rgb-0-255.tif'));
    const page = readPages(bytes)!.main[0]!;
    const widthAt = page.fields.get(256)!.entryAt + 8;
    bytes.writeUInt32LE(2_818_080, widthAt);
    await expect(decodeImage(bytes, LIMITS)).rejects.toMatchObject({
      code: 'IMAGE_UNDECODABLE',
      message: expect.stringMatching(/its 2818080 x 24 pixels take 811607040 bytes, which its \d+ bytes cannot hold/),
    });
  });

  it.each([8, 20, 100, 200, 1000])('a float file that is cut after %i bytes is damaged', async (length) => {
    const bytes = await readFile(join(FOLDER, 'float-rgb-tiles-big-endian.tif'));
    const decoded = decodeImage(bytes.subarray(0, length), { ...LIMITS, strict: true });
    await expect(decoded).rejects.toMatchObject({ code: expect.stringMatching(/^IMAGE_(UNDECODABLE|DEGRADED)$/) });
  });
});
