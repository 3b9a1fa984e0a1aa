import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile, replaceIfChanged } from '../../disk/atomic.js';
import type { LinesDigest } from '../../disk/checked-line.js';
import { readJsonFile } from '../../disk/json.js';
import type { ImageContents } from './image-contents.js';
import type { ComparedImages, ComparedJournal } from './read-contents.js';

const FORM = 1; // raised when the same images give another list
const LIST = 'duplicates.jsonl';

/** What the list was made from, so that it is not made again: it may be empty, and then there is no file. */
const Made = z.object({ made_from: z.string(), groups: z.int() });

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
  const record = join(outDir, '.preannotate/views/duplicates.json');
  const refusal = { code: 'JOURNAL_DAMAGED', hint: '' } as const;
  const made = await readJsonFile(record, Made, refusal).catch(() => undefined); // it is made again
  if (made?.made_from === madeFrom && (made.groups === 0) !== (await isThere(path))) return;
  const contents = await compared.contents();
  const groups = collectGroups((await compared.nearGroups()).of);
  if (groups.length === 0) await rm(path, { force: true });
  else await replaceIfChanged(path, toLines(contents, groups));
  await replaceFile(record, `${JSON.stringify({ made_from: madeFrom, groups: groups.length })}\n`);
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
    const isSame = group.every((index) => contents.compare(index, group[0]!) === 0);
    const images = group.map((index) => ({ image: contents.names[index]!, sha256: contents.sha256Of(index) }));
    yield `${JSON.stringify({ kind: isSame ? 'identical' : 'similar', images })}\n`;
  }
}
