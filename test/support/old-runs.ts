import { copyFile, cp, lstat, lutimes, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { formatLine, parseLine } from '../../src/disk/checked-line.js';
import type { JournalHeader } from '../../src/run/header.js';
import { SCENES } from './cli.js';
import { FIXTURES } from './model/golden.js';
import { temporaryFolder } from './temporary.js';

const RUNS = join(FIXTURES, 'runs-0.1');
const WRITTEN_MS = Date.UTC(2026, 0, 1);
const TREES = /^\/yolo\/(labels|labels_conf|images)\//;
const EDITED = 'yolo/labels/scene-02.txt';
const SIGNATURES = ['coco/instances.json', 'yolo/data.yaml'];

/** What 0.1.0 was given to make the run again. */
export interface OldRun {
  readonly out: string; // a copy of the output folder
  readonly photos: string; // the images, with other times than they had
  readonly args: readonly string[]; // the command that the run was started with
}

/** A copy of an output folder of version 0.1.0, with its images and the times that its files had. */
export async function copyOldRun(kind: 'finished' | 'killed' | 'edited'): Promise<OldRun> {
  const folder = await temporaryFolder();
  const [out, photos] = [join(folder, 'drafts', kind), join(folder, 'photos')];
  await cp(join(RUNS, kind), out, { recursive: true, verbatimSymlinks: true });
  await setTimes(out, kind);
  if (kind === 'killed') await leaveLock(out);
  await mkdir(photos);
  for (const name of [1, 2, 3, 4].map((n) => `scene-0${n}.jpg`)) await copyFile(join(SCENES, name), join(photos, name));
  await writeFile(join(photos, 'scene-00.jpg'), (await readFile(join(SCENES, 'scene-05.jpg'))).subarray(0, 600));
  const args = ['run', photos, '--model', 'builtin:emoji', '--ontology', join(RUNS, 'ontology.yaml'), '--out', out];
  return { out, photos, args };
}

/** Rewrites what the journal of an output folder begins with, as another version would have written it. */
export async function editHeader(out: string, edit: (header: JournalHeader) => JournalHeader): Promise<void> {
  const file = join(out, 'detections.jsonl');
  const [first, ...rest] = (await readFile(file, 'utf8')).split('\n');
  const header = edit(parseLine(first!) as JournalHeader);
  await writeFile(file, [formatLine(header).trimEnd(), ...rest].join('\n'));
}

/** What files of views of version 0.1.0 are now: label files one folder deeper. What names the layout is left out. */
export function inNewLayout(views: Record<string, string>): Record<string, string> {
  const kept = Object.entries(views).filter(([path]) => path !== '/yolo/data.yaml');
  return Object.fromEntries(
    kept.map(([path, text]) => [path.replace(TREES, '/yolo/$1/train/'), text.replace(/^"info": .*$/m, '')]),
  );
}

/** As {@link inNewLayout}, of views that have it. */
export function comparable(views: Record<string, string>): Record<string, string> {
  const { '/yolo/data.yaml': _, ...rest } = views;
  return Object.fromEntries(Object.entries(rest).map(([path, text]) => [path, text.replace(/^"info": .*$/m, '')]));
}

/** Version 0.1.0 wrote the signature of a view last; what is newer was edited. */
async function setTimes(out: string, kind: string): Promise<void> {
  const entries = await readdir(out, { recursive: true });
  for (const name of entries.filter((entry) => !SIGNATURES.includes(entry))) await setTime(join(out, name), 0);
  if (kind === 'killed') return;
  for (const name of SIGNATURES) await setTime(join(out, name), 1000);
  if (kind === 'edited') await setTime(join(out, EDITED), 60_000);
}

async function setTime(path: string, laterMs: number): Promise<void> {
  const time = new Date(WRITTEN_MS + laterMs);
  if (!(await lstat(path)).isDirectory()) await lutimes(path, time, time);
}

/** The lock of a process that is dead. */
async function leaveLock(out: string): Promise<void> {
  await mkdir(join(out, '.preannotate'));
  const holder = { pid: 2 ** 22 + 1, host: hostname(), started: new Date(WRITTEN_MS).toISOString(), key: '00' };
  await writeFile(join(out, '.preannotate/lock'), JSON.stringify(holder));
}
