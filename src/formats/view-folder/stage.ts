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
 * @returns What the view is to hold. A file that is there already has its stamp; one that will no longer be in the view
 *   is marked as `maybe`.
 */
export async function stageGroup(
  { image, before, now }: GroupPair<ViewFileGroup>,
  { staging, disk }: { staging: Staging; disk: DiskState | undefined },
): Promise<FileGroup> {
  const files: WrittenFile[] = [];
  const stale = new Map(before.map((file) => [file.path, file]));
  for (const file of now?.files ?? []) {
    const earlier = before.filter(({ path }) => path === file.path);
    const staged = await stageFile(file, { earlier, staging, disk });
    if (staged === undefined) continue;
    stale.delete(file.path);
    files.push(staged);
  }
  for (const { path, is } of stale.values()) files.push({ path, is, maybe: true });
  return { ...(image === undefined ? {} : { image }), files };
}

async function stageFile(
  file: ViewFile,
  { earlier, staging, disk }: { earlier: readonly WrittenFile[]; staging: Staging; disk: DiskState | undefined },
): Promise<WrittenFile | undefined> {
  const { path } = file;
  /** The file, if it is in the view already. */
  const findCurrent = async (is: Fingerprint) => {
    const found = await disk?.find(path, earlier, is);
    return found?.state === 'current' ? { path, is, stamp: found.stamp! } : undefined;
  };
  const foreseen = await file.foresee?.(staging.placeOf(path));
  const current = foreseen === undefined ? undefined : await findCurrent(foreseen);
  if (current !== undefined) return current;
  const is = await staging.write(file);
  if (is === undefined) return undefined;
  const same = foreseen === undefined ? await findCurrent(is) : undefined;
  if (same !== undefined) await staging.discard(path);
  return same ?? { path, is };
}
