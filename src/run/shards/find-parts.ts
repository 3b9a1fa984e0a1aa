import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import type { Shard } from '../choose-images.js';
import { JOURNAL_FILE } from '../read-journal.js';

/** Folder of the parts of a run, in its output folder. */
export const PARTS = 'shards';

/** Where a shard has its results: an output folder of its own. */
export function partFolder(outDir: string, { index, count }: Shard): string {
  return join(outDir, PARTS, `${index}-of-${count}`);
}

/** The output folder that the results of a shard are merged into. */
export function wholeFolder(partDir: string): string {
  return resolve(partDir, '..', '..');
}

/** The folders in `<out>/shards` that hold a journal, by name; whether they are parts of one run is not known yet. */
export async function listPartFolders(outDir: string): Promise<string[]> {
  const names = await readdir(join(outDir, PARTS)).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return [];
    throw error;
  });
  const parts: string[] = [];
  for (const name of names.sort(new Intl.Collator('en', { numeric: true }).compare)) {
    const folder = join(outDir, PARTS, name);
    if (await holdsJournal(folder)) parts.push(folder);
  }
  return parts;
}

export async function holdsJournal(folder: string): Promise<boolean> {
  return await stat(join(folder, JOURNAL_FILE)).then(
    () => true,
    () => false,
  );
}
