import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withWriteErrors } from '../../disk/write-failure.js';
import type { Aside } from './aside.js';
import { statsOf, toRecorded, type DiskState } from './disk-state.js';
import type { EditedFile } from './edited-files.js';
import { moveFile } from './move-file.js';
import { stampOf } from './record/fingerprint.js';
import type { GroupPair } from './record/merge-groups.js';
import type { FileGroup, WrittenFile } from './record/record-lines.js';
import type { Staging } from './staging.js';

/** The folder of a view whose new files have been staged. */
export interface StagedView {
  readonly root: string; // absolute folder of the view, without links
  readonly staging: Staging;
  readonly disk: DiskState;
  readonly aside: Aside;
  readonly divided: readonly string[]; // folders whose files may be in one subfolder or another
  readonly overwriteEdited: boolean;
  readonly emptied: Set<string>; // folders from which files were removed
}

/** What became of the files of an image. */
export interface Committed {
  readonly written: readonly WrittenFile[]; // for the record
  readonly edited: readonly EditedFile[];
}

/**
 * Puts the files of an image in their places, and removes those that are no longer part of the view. Files that the
 * user edited or deleted stay as they are, unless they are to be overwritten.
 */
export async function commitGroup(view: StagedView, { before: listed, now }: GroupPair<FileGroup>): Promise<Committed> {
  const wanted = (now?.files ?? []).filter(({ maybe }) => maybe !== true);
  const before = await followMoves(view, listed, wanted);
  const findEarlier = (path: string) => before.filter((file) => file.path === path);
  const stale = new Set(before.map(({ path }) => path));
  const all: Committed[] = [];
  for (const file of wanted) {
    stale.delete(file.path);
    all.push(await commitFile(view, file, findEarlier(file.path)));
  }
  for (const path of stale) all.push(await removeStale(view, path, findEarlier(path)));
  return { written: all.flatMap(({ written }) => written), edited: all.flatMap(({ edited }) => edited) };
}

/**
 * Lets files that the user edited or deleted follow their image, which is now in another part of the view.
 *
 * @returns What was written before, by the paths of now.
 */
async function followMoves(
  { root, disk, divided, overwriteEdited }: StagedView,
  before: readonly WrittenFile[],
  wanted: readonly WrittenFile[],
): Promise<readonly WrittenFile[]> {
  if (divided.length === 0 || overwriteEdited) return before;
  const known = new Set(before.map(({ path }) => path));
  const followed: WrittenFile[] = [];
  for (const file of before) {
    const place = placeIn(file.path, divided);
    const target = wanted.find(
      ({ path }) => place !== undefined && !known.has(path) && placeIn(path, divided) === place,
    );
    const { state } = target === undefined ? { state: undefined } : await disk.find(file.path, [file]);
    const follows = state === 'deleted' || (state === 'edited' && (await moveEdited(root, file.path, target!.path)));
    followed.push(follows ? { ...file, path: target!.path } : file);
  }
  return followed;
}

/** A path without the part that it is in: `labels//sub/a.txt`. */
function placeIn(path: string, divided: readonly string[]): string | undefined {
  const [tree = '', , ...rest] = path.split('/');
  return divided.includes(tree) && rest.length > 0 ? [tree, '', ...rest].join('/') : undefined;
}

/** @returns false where its new place is taken. */
async function moveEdited(root: string, from: string, to: string): Promise<boolean> {
  const [source, target] = [join(root, from), join(root, to)];
  if ((await statsOf(source))?.isFile() !== true || (await statsOf(target)) !== undefined) return false;
  await withWriteErrors(target, () => moveFile(source, target));
  return true;
}

async function commitFile(view: StagedView, file: WrittenFile, before: readonly WrittenFile[]): Promise<Committed> {
  if (file.stamp !== undefined) return { written: [file], edited: [] }; // it was there before anything was staged
  const { root, staging, disk, overwriteEdited } = view;
  const { path, is } = file;
  const { state, isRewritten = false } = await disk.find(path, before, is);
  const isEdited = state === 'edited' || state === 'deleted';
  const edited: EditedFile[] = isEdited ? [{ path, isDeleted: state === 'deleted', isReplaced: overwriteEdited }] : [];
  // With what was written before, it is recognised as edited the next time as well.
  if (isEdited && !overwriteEdited) return { written: before, edited };
  if (state === 'rewritten') edited.push(rewrittenFile(path));
  if (state === 'edited' || state === 'rewritten') await moveAside(view, path);
  if (state !== 'current') await staging.place(path);
  const stats = await statsOf(join(root, path));
  const stamp = stats && { stamp: stampOf(stats) };
  return { written: [toRecorded(path, is, { ...stamp, isRewritten: isRewritten && state === 'current' })], edited };
}

/** A file of an image that is no longer in the view, or is now called otherwise. */
async function removeStale(view: StagedView, path: string, before: readonly WrittenFile[]): Promise<Committed> {
  const { root, disk, overwriteEdited } = view;
  const { state } = await disk.find(path, before);
  const isEdited = state === 'edited';
  if (state === 'rewritten' || (isEdited && overwriteEdited)) await moveAside(view, path);
  if (state === 'earlier') await withWriteErrors(join(root, path), () => rm(join(root, path)));
  view.emptied.add(dirname(path));
  if (state === 'rewritten') return { written: [], edited: [rewrittenFile(path)] };
  return {
    written: [],
    edited: isEdited ? [{ path, isDeleted: false, isReplaced: overwriteEdited, isStale: true }] : [],
  };
}

/** A changed copy of an image that is no longer in the view, or has changed. */
function rewrittenFile(path: string): EditedFile {
  return { path, isDeleted: false, isReplaced: true, isRewritten: true };
}

/** Moves what is in a file's place; or the link or file that is in the place of one of its folders. */
async function moveAside({ root, disk, aside }: StagedView, path: string): Promise<void> {
  const obstacle = await disk.obstacleOf(path);
  await aside.move(root, obstacle ?? path);
  if (obstacle !== undefined) disk.forgetObstacles();
}

/** Removes folders that no longer hold anything, from the deepest. */
export async function removeEmptyFolders({ root, emptied }: Pick<StagedView, 'root' | 'emptied'>): Promise<void> {
  for (const path of [...emptied].sort().reverse()) {
    for (let folder = path; folder !== '.'; folder = dirname(folder)) {
      const isRemoved = await rmdir(join(root, folder)).then(
        () => true,
        () => false, // it holds other files
      );
      if (!isRemoved) break;
    }
  }
}
