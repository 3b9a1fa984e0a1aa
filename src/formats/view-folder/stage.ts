import type { DiskState } from './disk-state.js';
import type { Fingerprint } from './record/fingerprint.js';
import type { GroupPair } from './record/merge-groups.js';
import type { FileGroup, WrittenFile } from './record/record-lines.js';
import type { Staging } from './staging.js';
import type { ViewFile, ViewFileGroup } from './view-file.js';

/**
 * Writes the new files of an image beside the view, except for those that are in the view already.
 *
 * @param disk - What is in the view; undefined when all of it will be new.
 * @returns What the view is to hold. Files that will no longer be in it are marked as `maybe`.
 */
export async function stageGroup(
  { image, before, now }: GroupPair<ViewFileGroup>,
  { staging, disk }: { staging: Staging; disk: DiskState | undefined },
): Promise<FileGroup> {
  const files: WrittenFile[] = [];
  const stale = new Map(before.map((file) => [file.path, file]));
  for (const file of now?.files ?? []) {
    const earlier = before.filter(({ path }) => path === file.path);
    const is = await stageFile(file, { earlier, staging, disk });
    if (is === undefined) continue;
    stale.delete(file.path);
    files.push({ path: file.path, is, ...(disk === undefined ? await staging.stampOf(file.path) : {}) });
  }
  for (const { path, is } of stale.values()) files.push({ path, is, maybe: true });
  return { ...(image === undefined ? {} : { image }), files };
}

async function stageFile(
  file: ViewFile,
  { earlier, staging, disk }: { earlier: readonly WrittenFile[]; staging: Staging; disk: DiskState | undefined },
): Promise<Fingerprint | undefined> {
  const isThere = async (is: Fingerprint) => (await disk?.of(file.path, earlier, is)) === 'current';
  const foreseen = await file.foresee?.(staging.placeOf(file.path));
  if (foreseen !== undefined && (await isThere(foreseen))) return foreseen;
  const is = await staging.write(file);
  if (foreseen === undefined && is !== undefined && (await isThere(is))) await staging.discard(file.path);
  return is;
}
