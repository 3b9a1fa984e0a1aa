import { toRecorded, type DiskState } from './disk-state.js';
import type { GroupPair } from './record/merge-groups.js';
import type { FileGroup, WrittenFile } from './record/record-lines.js';
import type { Staging } from './staging.js';
import type { ViewFile, ViewFileGroup } from './view-file.js';

/** Where the new files of a view are staged. */
export interface StagingTarget {
  readonly staging: Staging;
  readonly disk: DiskState | undefined; // what is in the view; undefined when all of it will be new
  readonly overwriteEdited: boolean;
}

/**
 * Writes the new files of an image beside the view, except for those that are in the view already.
 *
 * @returns What the view is to hold. A file that is there already has its stamp; one that will no longer be in the view
 *   is marked as `maybe`.
 */
export async function stageGroup(
  { image, before, now }: GroupPair<ViewFileGroup>,
  target: StagingTarget,
): Promise<FileGroup> {
  const files: WrittenFile[] = [];
  const stale = new Map(before.map((file) => [file.path, file]));
  for (const file of now?.files ?? []) {
    const earlier = before.filter(({ path }) => path === file.path);
    const staged = await stageFile(file, earlier, target);
    if (staged === undefined) continue;
    stale.delete(file.path);
    files.push(staged);
  }
  for (const { path, is } of stale.values()) files.push({ path, is, maybe: true });
  return { ...(image === undefined ? {} : { image }), files };
}

async function stageFile(
  file: ViewFile,
  earlier: readonly WrittenFile[],
  { staging, disk, overwriteEdited }: StagingTarget,
): Promise<WrittenFile | undefined> {
  const { path } = file;
  if (file.isLast === true) return await keepEarlier(path, earlier, disk);
  const foreseen = disk === undefined ? undefined : await file.foresee?.(staging.placeOf(path));
  const before = foreseen === undefined ? undefined : await disk?.find(path, earlier, foreseen);
  if (foreseen !== undefined && before?.state === 'current') return toRecorded(path, foreseen, before);
  const is = await staging.write(file);
  if (is === undefined) return undefined;
  const found = before ?? (await disk?.find(path, earlier, is)) ?? { state: 'none' };
  const { state } = found;
  if (state === 'current') {
    await staging.discard(path);
    return toRecorded(path, is, found);
  }
  const stays = !overwriteEdited && (state === 'edited' || state === 'deleted');
  return { path, is, ...(stays ? { stays: true } : {}) };
}

/** @returns undefined when what was written is no longer there, or was edited: that stays by itself. */
async function keepEarlier(
  path: string,
  earlier: readonly WrittenFile[],
  disk: DiskState | undefined,
): Promise<WrittenFile | undefined> {
  const found = await disk?.find(path, earlier);
  const written = earlier.find(({ maybe }) => maybe !== true) ?? earlier[0];
  const isThere = found?.state === 'earlier' || found?.state === 'rewritten';
  return isThere && written !== undefined ? toRecorded(path, written.is, found) : undefined;
}
