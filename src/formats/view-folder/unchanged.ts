import { lstatSync, type BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { below } from '../../disk/calls/below.js';
import { LinesDigest } from '../../disk/checked-line.js';
import { lookAtAll } from '../../disk/stats/stat-slices.js';
import { statsOf } from './disk-state.js';
import { stampOf } from './record/fingerprint.js';
import type { MadeView } from './record/made-view.js';
import { ViewRecord } from './record/record.js';
import type { WrittenFile } from './record/record-lines.js';
import { replacedFolderOf, stagingFolderBeside, stagingFolderIn } from './view-paths.js';

const LSTAT = {
  now: (path: string) => lstatSync(path, { bigint: true }),
  later: (path: string) => lstat(path, { bigint: true }),
};

/** A view, and where it is. */
interface PlacedView {
  readonly outDir: string; // absolute
  readonly root: string; // the same without links
  readonly record: ViewRecord;
  readonly throwIfStopped: () => Promise<void>; // throws once no more may be written
}

/** Thrown to end the search for the first change. */
class Changed extends Error {}

/**
 * Whether a view is complete and as it was when it was made from the same: then making it again would change nothing.
 * Of its files, only what the file system says of them is compared, as always where nothing has changed.
 *
 * @param inputs - Digest of what it would be made from now.
 * @returns What it was made from; undefined when it must be made again, or when that is not certain.
 */
export async function findUnchanged(view: PlacedView, inputs: string): Promise<MadeView | undefined> {
  const { outDir, root, record, throwIfStopped } = view;
  const made = await record.made();
  if (made?.inputs !== inputs || (await isUpdateLeft(outDir, root, record))) return undefined;
  const digest = new LinesDigest();
  try {
    await lookAtAll(listFiles(root, record, digest), LSTAT, assertSame);
    await lookAtAll(toItems(root, made.folders), LSTAT, assertFolder);
  } catch {
    return undefined; // whatever is wrong is found, and reported, when the view is made again
  }
  await throwIfStopped();
  return digest.value === made.record ? made : undefined;
}

/** Whether an update has not come to its end, or has left files in another place. */
async function isUpdateLeft(outDir: string, root: string, record: ViewRecord): Promise<boolean> {
  const left = [
    record.preparedPath,
    ...[stagingFolderIn(root), stagingFolderBeside(root), replacedFolderOf(root)],
    ...[`${outDir}.new`, new ViewRecord(`${outDir}.new`).path],
  ];
  for (const path of left) if ((await statsOf(path)) !== undefined) return true;
  return false;
}

interface Item {
  readonly path: string; // absolute
  readonly file?: WrittenFile; // undefined: it must be a folder
}

/** All files of a view, and the folders that they are in. */
async function* listFiles(root: string, record: ViewRecord, digest: LinesDigest): AsyncGenerator<Item> {
  const folders = new Set<string>();
  for await (const { files } of record.groups(digest)) {
    for (const file of files) {
      yield* toItems(root, findNewFolders(file.path, folders));
      yield { path: below(root, file.path), file };
    }
  }
}

/** The folders of a path that are not in the set, which they are added to. */
function findNewFolders(path: string, known: Set<string>): string[] {
  const found: string[] = [];
  for (let folder = dirname(path); folder !== '.' && !known.has(folder); folder = dirname(folder)) {
    known.add(folder);
    found.push(folder);
  }
  return found;
}

function* toItems(root: string, folders: readonly string[]): Generator<Item> {
  for (const folder of folders) yield { path: below(root, folder) };
}

function assertSame({ file, ...item }: Item, stats: BigIntStats): void {
  if (file === undefined) {
    assertFolder(item, stats);
    return;
  }
  const { stamp, rewritten, maybe, stays } = file;
  const isCertain = rewritten === undefined && maybe === undefined && stays === undefined;
  if (!isCertain || stamp === undefined || stamp !== stampOf(stats)) throw new Changed();
  if ('size' in file.is && (!stats.isFile() || BigInt(file.is.size) !== stats.size)) throw new Changed();
}

function assertFolder(_: Item, stats: BigIntStats): void {
  if (!stats.isDirectory()) throw new Changed();
}
