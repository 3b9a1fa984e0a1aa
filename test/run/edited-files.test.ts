import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatLine } from '../../src/disk/checked-line.js';
import { readManifest } from '../../src/run/manifest.js';
import { readClasses } from '../../src/run/numbers/classes.js';
import { openRun } from '../../src/run/open-run.js';
import { OutputLock } from '../../src/run/lock/output-lock.js';
import { readJournal, RecordFile } from '../../src/run/read-journal.js';
import { StoredImages } from '../../src/run/images/stored-images.js';
import { temporaryFolder } from '../support/temporary.js';
import { header } from './journal-header.js';

const { ontology, options } = header;
const detection = { class: 'dog', prompt: 'a dog', score: 0.5, box: [1, 2, 3, 4], patch: 7 };
const record = {
  image: 'a.jpg',
  width: 640,
  height: 480,
  detections: [detection],
  size_bytes: 10,
  modified_ms: 20,
  sha256: 'ef',
};
const manifest = {
  preannotate: '0.0.0',
  status: 'done',
  created: header.created,
  started: header.created,
  root: '/images',
  model: { reference: 'builtin:emoji', sha256: 'ab' },
  ontology,
  selection: {
    scoreThreshold: 0.1,
    overridesOntology: false,
    nmsIou: null,
    classAgnosticNms: false,
    maxDetections: 100,
  },
  formats: ['coco'],
  options,
  counts: { found: 1, annotated: 1, resumed: 0, failed: 0, degraded: 0, skipped: 0, detections: 1 },
  timings: { total_ms: 1 },
};

async function readRecords(outDir: string): Promise<unknown[]> {
  const journal = (await readJournal(outDir))!;
  await using records = await RecordFile.open(journal.path);
  return await Promise.all([...journal.entries.values()].map((entry) => records.read(entry)));
}

const journalOf = (...lines: object[]) => lines.map(formatLine).join('');
const READERS: Record<string, (outDir: string) => Promise<unknown>> = {
  'run.json': readManifest,
  'classes.json': (outDir) => readClasses(outDir, undefined),
  'detections.jsonl': readRecords,
};

async function folderWith(file: string, content: string): Promise<string> {
  const outDir = await temporaryFolder();
  await mkdir(dirname(join(outDir, file)), { recursive: true });
  await writeFile(join(outDir, file), content);
  return outDir;
}

describe('a file of a run that was edited into a wrong form', () => {
  it.each<[file: string, edit: string, content: string, message: string]>([
    [
      'run.json',
      'a number for a path',
      JSON.stringify({ ...manifest, root: 5 }),
      'run.json cannot be read: the value at root is wrong',
    ],
    [
      'run.json',
      'a class number in quotes',
      JSON.stringify({ ...manifest, ontology: { ...ontology, classes: [{ name: 'dog', id: '1', prompts: [] }] } }),
      'run.json cannot be read: the value at ontology.classes[0].id is wrong: expected number, received string',
    ],
    ['run.json', 'a bracket missing', '{"root": "/images"', 'run.json cannot be read: Expected'],
    ['classes.json', 'a number in quotes', '{"dog": "1"}', 'classes.json cannot be read: the value at dog is wrong'],
    [
      'classes.json',
      'a list',
      '["dog"]',
      'classes.json cannot be read: its content is wrong: expected record, received array',
    ],
    [
      'detections.jsonl',
      'a header without a number',
      journalOf({ ...header, options: { ...options, score_floor: null } }),
      'detections.jsonl:1 cannot be read: the value at options.score_floor is wrong',
    ],
    [
      'detections.jsonl',
      'a number for an image name',
      journalOf(header, record, { ...record, image: 7 }),
      'detections.jsonl:3 cannot be read: the value at image is wrong: expected string, received number',
    ],
    [
      'detections.jsonl',
      'a box of three numbers',
      journalOf(header, record, { ...record, image: 'b.jpg', detections: [{ ...detection, box: [1, 2, 3] }] }),
      'detections.jsonl:3 cannot be read: the value at detections[0].box is wrong',
    ],
  ])('is refused with its name, the place and what to do: %s with %s', async (file, _edit, content, message) => {
    const outDir = await folderWith(file, content);
    const reading = READERS[file]!(outDir);
    await expect(reading).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining(message) as string,
      hint: expect.stringMatching(/^Restore the file from a copy/) as string,
    });
    expect(await readFile(join(outDir, file), 'utf8')).toBe(content);
  });

  it('is refused as a lock that is held: what it means is not known', async () => {
    const outDir = await folderWith('.preannotate/lock', '{"pid":"12","host":"here"}');
    const refusal = {
      code: 'OUTPUT_LOCKED',
      message: expect.stringContaining(join(outDir, '.preannotate/lock')) as string,
      hint: expect.stringContaining('--force-unlock') as string,
    };
    await expect(OutputLock.assertAvailable(outDir)).rejects.toMatchObject(refusal);
    await expect(OutputLock.take(outDir)).rejects.toMatchObject(refusal);
  });
});

describe('a run that is opened for reading', () => {
  const FILES: Record<string, string> = {
    'run.json': JSON.stringify(manifest),
    'detections.jsonl': journalOf(header, record),
    '.preannotate/images.jsonl': '"a.jpg"\n',
  };
  const selection = { thresholds: [0.1], nmsIou: null, classAgnosticNms: false, maxDetections: 100 };

  /** The images of a run, one of whose files has another content. */
  async function imagesOf(changed: Record<string, string | undefined>) {
    const outDir = await temporaryFolder();
    await mkdir(join(outDir, '.preannotate'));
    for (const [file, content] of Object.entries({ ...FILES, ...changed }))
      if (content !== undefined) await writeFile(join(outDir, file), content);
    const { journal, imageIds, ontology } = await openRun(outDir);
    const images = [];
    for await (const image of new StoredImages(journal, imageIds, { ontology, selection })) images.push(image);
    return images;
  }

  it('gives its images with their numbers and detections', async () => {
    expect(await imagesOf({})).toMatchObject([{ id: 1, name: 'a.jpg', detections: [{ classId: 0, score: 0.5 }] }]);
  });

  it.each<[what: string, changed: Record<string, string | undefined>, code: string, message: RegExp]>([
    ['has no journal', { 'detections.jsonl': '' }, 'INPUT_NOT_FOUND', /detections\.jsonl does not exist, or is empty/],
    [
      'has an image without a number',
      { '.preannotate/images.jsonl': '"b.jpg"\n' },
      'JOURNAL_DAMAGED',
      /images\.jsonl does not have a\.jpg, and the journal has no number for a\.jpg/,
    ],
    [
      'has no run.json, and a journal of version 0.1',
      { 'run.json': undefined },
      'INPUT_NOT_FOUND',
      /run\.json does not exist/,
    ],
    [
      'lacks a class in run.json',
      { 'run.json': JSON.stringify({ ...manifest, ontology: { ...ontology, classes: [] } }) },
      'JOURNAL_DAMAGED',
      /run\.json does not belong to the journal\. Difference: number of classes was 1; now it is 0/,
    ],
    [
      'has the run.json of another run',
      { 'run.json': JSON.stringify({ ...manifest, created: '2025-01-01T00:00:00.000Z' }) },
      'JOURNAL_DAMAGED',
      /run\.json does not belong to the journal\. It is of another run\./,
    ],
    [
      'has a prompt in the journal that its ontology lacks',
      { 'detections.jsonl': journalOf(header, { ...record, detections: [{ ...detection, prompt: 'a cat' }] }) },
      'JOURNAL_DAMAGED',
      /a\.jpg was annotated with "a cat", which is not in the ontology/,
    ],
  ])('is refused when it %s', async (_what, changed, code, message) => {
    await expect(imagesOf(changed)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });
});

describe('a file of a run of another version', () => {
  it.each<[file: string, content: string]>([
    ['run.json', JSON.stringify({ ...manifest, shards: 4, options: { ...options, new_option: 1 } })],
    ['detections.jsonl', journalOf({ ...header, shard: 1 }, { ...record, features: 'a' })],
  ])('may have keys that are not known: %s', async (file, content) => {
    const outDir = await folderWith(file, content);
    await expect(READERS[file]!(outDir)).resolves.toBeDefined();
  });
});
