import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseViews } from '../../../src/jobs/choose-views.js';
import { loadSettings } from '../../../src/config/load.js';
import { ExportConfig } from '../../../src/config/schema.js';
import { formatLine, LinesDigest, parseLine } from '../../../src/disk/checked-line.js';
import { formatNames, formats, type FormatName } from '../../../src/formats/index.js';
import { Progress } from '../../../src/progress/bar.js';
import { ViewDigests } from '../../../src/run/images/view-digest.js';
import { Journal } from '../../../src/run/journal.js';
import { openRun } from '../../../src/run/open-run.js';
import { readSources, saveSources } from '../../../src/run/plan/sources.js';
import { readJournal, RecordFile } from '../../../src/run/read-journal.js';
import { exportViews } from '../../../src/views/export-views.js';
import { EMOJI, preannotate, SCENES, viewsOf } from '../../support/cli.js';

const LABEL = 'yolo/labels/train/a.txt';
const LINK = 'yolo/images/train/a.jpg';
const RECORDS = '.preannotate/views';
const WITHOUT_IMAGES = formatNames.filter((name) => !('images' in formats[name]));
const allBut = (changed: FormatName) => formatNames.filter((name) => name !== changed);

let parent = '';
let [photos, out] = ['', ''];
const at = (path: string) => join(out, path);
const madePath = (name: FormatName) => at(`${RECORDS}/${name}.made.jsonl`);

beforeAll(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'preannotate-unchanged-')));
  [photos, out] = [join(parent, 'photos'), join(parent, 'out')];
  await mkdir(join(photos, 'sub'), { recursive: true });
  for (const name of ['a.jpg', 'b.jpg', 'sub/c.jpg']) await copyFile(join(SCENES, 'scene-01.jpg'), join(photos, name));
  const flags = [...EMOJI, '--format', formatNames.join(), '--out', out];
  expect(await preannotate(['run', photos, ...flags])).toMatchObject({ code: 0 });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** How an export is called. */
interface Call {
  readonly flags?: Record<string, unknown>;
  readonly version?: string;
}

/** @returns What it tells the user. */
async function exportNow({ flags = {}, version = '1.0.0' }: Call): Promise<string[]> {
  const stream = new PassThrough({ encoding: 'utf8' });
  const loaded = await loadSettings({ schema: ExportConfig, flags, environment: {}, cwd: out });
  await exportViews(
    { outDir: out, takeOver: {}, version },
    ({ journal, ...run }) => chooseViews({ ...run, header: journal.header, previews: 0 }, loaded),
    new Progress({ stream, quiet: false }),
  );
  return ((stream.read() as string | null) ?? '').split('\n').filter((line) => line !== '');
}

/** With links and folders, except for what is recorded of the making of views. */
async function listAll(): Promise<string[]> {
  return (await readdir(out, { recursive: true })).filter((path) => !path.endsWith('.made.jsonl')).sort();
}

const markOf = (name: FormatName) => `${name} is as it was`;

/** Adds a note to what is recorded of each view: it is shown again only where the view is not made again. */
async function markViews(): Promise<void> {
  for (const name of formatNames) {
    const made = parseLine((await readFile(madePath(name), 'utf8')).trimEnd()) as { notes: string[] };
    await writeFile(madePath(name), formatLine({ ...made, notes: [...made.notes, markOf(name)] }));
  }
}

/** Something that happens between two exports. */
interface Change {
  readonly happen?: () => Promise<unknown>;
  readonly undo?: () => Promise<unknown>;
  readonly call?: Call; // of the second export
  readonly same: readonly FormatName[]; // views that are not made again
}

async function edit(path: string, text: string): Promise<void> {
  await writeFile(at(path), text);
}

let label = ''; // its content

const CHANGES: Record<string, Change> = {
  'nothing changes': { same: formatNames },
  'a threshold changes': { call: { flags: { score_threshold: 0.3 } }, same: [] },
  'suppression changes': { call: { flags: { nms_iou: 0.2 } }, same: [] },
  'how images are placed changes': { call: { flags: { images: 'copy' } }, same: ['huggingface'] },
  'the program is another version': { call: { version: '1.0.1' }, same: [] },
  'the date of files changes': {
    happen: () => Promise.resolve((process.env['SOURCE_DATE_EPOCH'] = '1700000000')),
    undo: () => Promise.resolve(delete process.env['SOURCE_DATE_EPOCH']),
    same: [],
  },
  'an image has another result': { happen: () => annotateAgain('a.jpg'), same: [] },
  'an image leaves the views': {
    happen: async () => saveSources(await readSources(out), new Map([['b.jpg', { state: 'gone' }]])),
    undo: async () => saveSources(await readSources(out), new Map()),
    same: [],
  },
  'an image is touched': { happen: () => utimes(join(photos, 'a.jpg'), 1, 1), same: WITHOUT_IMAGES },
  'a label is edited': {
    happen: () => edit(LABEL, '0 0.5 0.5 0.1 0.1\n'),
    undo: () => edit(LABEL, label),
    same: allBut('yolo'),
  },
  'a label is edited and keeps its size and time': {
    happen: async () => {
      await edit(
        LABEL,
        label.replace(/\d\n$/, (digit) => `${(Number(digit[0]) + 1) % 10}\n`),
      );
      await utimes(at(LABEL), 1, 1);
    },
    undo: () => edit(LABEL, label),
    same: allBut('yolo'),
  },
  'a label is touched': { happen: () => utimes(at(LABEL), 1, 1), same: allBut('yolo') },
  'a label is deleted': { happen: () => rm(at(LABEL)), undo: () => edit(LABEL, label), same: allBut('yolo') },
  'a file of COCO is deleted': {
    happen: () => rename(at('coco/results.json'), at('results.json')),
    undo: () => rename(at('results.json'), at('coco/results.json')),
    same: allBut('coco'),
  },
  'the link to an image is deleted': {
    happen: () => rm(at(LINK)),
    undo: () => symlink('../../../../photos/a.jpg', at(LINK)),
    same: allBut('yolo'),
  },
  'a folder of labels is replaced by a link to it': {
    happen: async () => {
      await rename(at('yolo/labels'), at('elsewhere'));
      await symlink('../elsewhere', at('yolo/labels'));
    },
    undo: async () => {
      await rm(at('yolo/labels'));
      await rename(at('elsewhere'), at('yolo/labels'));
    },
    same: allBut('yolo'),
  },
  'a file is added': { happen: () => edit('yolo/labels/train/mine.txt', ''), same: formatNames },
  'new versions are beside a view': {
    happen: () => mkdir(at('yolo.new')),
    undo: () => rm(at('yolo.new'), { recursive: true, force: true }),
    same: allBut('yolo'),
  },
  'an update was stopped before its files were in place': {
    happen: () => mkdir(at('yolo/.preannotate-new')),
    same: allBut('yolo'),
  },
  'an update was stopped while its files were put in place': {
    happen: async () => edit(`${RECORDS}/yolo.next.jsonl`, await readFile(at(`${RECORDS}/yolo.jsonl`), 'utf8')),
    same: allBut('yolo'),
  },
  'the record of files is another one': {
    happen: async () => {
      const lines = (await readFile(at(`${RECORDS}/yolo.jsonl`), 'utf8')).trimEnd().split('\n').map(parseLine);
      const header = { ...(lines[0] as object), preannotate: '0.0.1' };
      await edit(
        `${RECORDS}/yolo.jsonl`,
        [header, ...lines.slice(1)].map((line) => formatLine(line as object)).join(''),
      );
    },
    same: allBut('yolo'),
  },
  'what a view was made from is damaged': {
    happen: async () => writeFile(madePath('yolo'), (await readFile(madePath('yolo'), 'utf8')).replace('{', '{ ')),
    same: allBut('yolo'),
  },
};

/** Adds a line to the journal, without boxes. */
async function annotateAgain(name: string): Promise<void> {
  const before = (await readJournal(out))!;
  await using records = await RecordFile.open(before.path);
  const { replaces: _, ...record } = await records.read(before.entries.get(name)!);
  await using journal = await Journal.begin(out, before.header, before);
  await journal.append({ ...record, detections: [] });
}

describe('an export', () => {
  it.each(Object.entries(CHANGES))('writes what a view has when %s', async (_, { happen, undo, call = {}, same }) => {
    await exportNow({});
    label = await readFile(at(LABEL), 'utf8');
    await markViews();
    await happen?.();
    const notes = await exportNow(call);
    expect(formatNames.filter((name) => notes.includes(markOf(name)))).toEqual(same);

    const files = [await viewsOf(out), await listAll()];
    for (const name of formatNames) await rm(madePath(name), { force: true });
    const again = await exportNow(call); // makes all of them
    expect([await viewsOf(out), await listAll()]).toEqual(files);
    expect(again).toEqual(notes.filter((note) => !formatNames.some((name) => note === markOf(name))));
    await undo?.();
  });
});

describe('what the views of a run are made from', () => {
  it('is other for every class, prompt and number that files name', async () => {
    const { journal, ontology, imageIds, sources } = await openRun(out);
    const selection = { thresholds: [0.1], nmsIou: null, classAgnosticNms: false, maxDetections: 100 };
    const run = { version: '1', journal, imageIds, sources, ontology, selection, root: photos };
    const [first, ...classes] = ontology.classes;
    const [query, ...queries] = ontology.queries;
    const changed = [
      run,
      { ...run, ontology: { ...ontology, classes: [{ ...first!, id: 999 }, ...classes] } },
      { ...run, ontology: { ...ontology, classes: [{ ...first!, name: 'other' }, ...classes] } },
      { ...run, ontology: { ...ontology, queries: [{ ...query!, prompt: 'other' }, ...queries] } },
      { ...run, selection: { ...selection, maxDetections: Infinity } },
      { ...run, selection: { ...selection, classAgnosticNms: true } },
      { ...run, selection: { ...selection, nmsIou: [0.5] } },
      { ...run, journal: { ...journal, digest: new LinesDigest() } },
    ];
    const digests = await Promise.all(changed.map((one) => new ViewDigests(one).of({}, false)));
    expect(new Set(digests).size).toBe(changed.length);
  });
});
