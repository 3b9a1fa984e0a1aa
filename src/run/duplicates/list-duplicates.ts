import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { counted } from '../../core/text.js';
import { replaceFile, replaceIfChanged } from '../../disk/atomic.js';
import type { LinesDigest } from '../../disk/checked-line.js';
import { readJsonFile } from '../../disk/json.js';
import type { ImageContents } from './image-contents.js';
import type { ComparedImages, ComparedJournal } from './read-contents.js';

const FORM = 2; // raised when the same images give another list
const RECORD = '.preannotate/views/duplicates.json';
const LIST = 'duplicates.jsonl';

/** What the list was made from, so that it is not made again: it may be empty, and then there is no file. */
const Made = z.object({ made_from: z.string(), groups: z.int(), identical: z.int().default(0) });

/** A run whose images are compared with each other. */
export interface ComparedRun extends ComparedJournal {
  readonly outDir: string; // absolute
  readonly digest: LinesDigest; // of the journal
}

/**
 * Writes `duplicates.jsonl`: a line for each group of images with the same bytes, or that look alike; no file where
 * there is none. The caller has the lock of the folder.
 *
 * @throws PreannotateError WRITE_FAILED
 */
export async function listDuplicates(run: ComparedRun, compared: ComparedImages): Promise<void> {
  const { outDir, digest, sources } = run;
  const sorted = [...sources].sort(([a], [b]) => (a < b ? -1 : 1));
  const madeFrom = createHash('sha256')
    .update(JSON.stringify([FORM, digest.value, sorted]))
    .digest('hex');
  const path = join(outDir, LIST);
  const made = await readRecord(outDir);
  if (made?.made_from === madeFrom && (made.groups === 0) !== (await isThere(path))) return;
  const contents = await compared.contents();
  const groups = collectGroups((await compared.nearGroups()).of);
  if (groups.length === 0) await rm(path, { force: true });
  else await replaceIfChanged(path, toLines(contents, groups));
  const identical = groups.filter((group) => areIdentical(contents, group)).length;
  const record = JSON.stringify({ made_from: madeFrom, groups: groups.length, identical });
  await replaceFile(join(outDir, RECORD), `${record}\n`);
}

/** What `duplicates.jsonl` of a folder lists, as a sentence; undefined where there is no such file. */
export async function describeDuplicates(outDir: string): Promise<string | undefined> {
  const { groups, identical } = (await readRecord(outDir)) ?? { groups: 0, identical: 0 };
  if (groups === 0 || !(await isThere(join(outDir, LIST)))) return undefined;
  const similar = groups - identical;
  const counts = [
    ...(similar > 0 ? [`${counted(similar, 'group')} of similar images`] : []),
    ...(identical > 0 ? [`${counted(identical, 'group')} of equal images`] : []),
  ];
  return `${counts.join(' and ')}, listed in ${LIST}.`;
}

/** A record that is damaged is made again. */
async function readRecord(outDir: string): Promise<z.output<typeof Made> | undefined> {
  const refusal = { code: 'JOURNAL_DAMAGED', hint: '' } as const;
  return await readJsonFile(join(outDir, RECORD), Made, refusal).catch(() => undefined);
}

function areIdentical(contents: ImageContents, group: readonly number[]): boolean {
  return group.every((index) => contents.compare(index, group[0]!) === 0);
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Groups of at least two images, in the order of their first ones. */
function collectGroups(keys: Int32Array): number[][] {
  const sizes = new Uint32Array(keys.length);
  for (const key of keys) sizes[key]!++;
  const groups = new Map<number, number[]>();
  keys.forEach((key, index) => {
    if (sizes[key]! < 2) return;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  });
  return [...groups.values()];
}

function* toLines(contents: ImageContents, groups: readonly (readonly number[])[]): Generator<string> {
  for (const group of groups) {
    const images = group.map((index) => ({ image: contents.names[index]!, sha256: contents.sha256Of(index) }));
    yield `${JSON.stringify({ kind: areIdentical(contents, group) ? 'identical' : 'similar', images })}\n`;
  }
}
