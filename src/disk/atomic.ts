import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { usable, writing } from './write-failure.js';

const BUFFER_BYTES = 1 << 20; // one write a megabyte: views are made of many short lines
const TEMPORARY = '.preannotate-'; // short, because names of 255 bytes exist

type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/**
 * Writes a file so that its final name holds either the old content or all of the new: beside it, to the disk, renamed.
 *
 * @param chunks - The content; a string is taken whole. What it throws itself is thrown as it is.
 * @throws PreannotateError WRITE_FAILED naming the file; OUTPUT_UNUSABLE when its folder cannot be used.
 */
export async function replaceFile(path: string, chunks: Chunks | string): Promise<void> {
  const folder = dirname(path);
  // Random, not the process id: in a container that is the same in every run, also in one that was killed here.
  const temporary = join(folder, TEMPORARY + randomBytes(6).toString('hex'));
  await usable(path, () => mkdir(folder, { recursive: true }));
  const file = await usable(path, () => open(temporary, 'wx'));
  try {
    try {
      await writeAll(path, file, typeof chunks === 'string' ? [chunks] : chunks);
      await writing(path, () => file.sync());
    } finally {
      await writing(path, () => file.close());
    }
    await writing(path, () => rename(temporary, path));
  } catch (error) {
    await removeIfPossible(temporary);
    throw error;
  }
  await syncFolder(folder);
}

async function writeAll(path: string, file: FileHandle, chunks: Chunks): Promise<void> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async () => {
    const bytes = Buffer.concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    await writing(path, () => file.writeFile(bytes)); // writes on where it stands, until all of it is written
  };
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    pending.push(bytes);
    pendingBytes += bytes.length;
    if (pendingBytes >= BUFFER_BYTES) await flush();
  }
  await flush();
}

/**
 * Fills a fresh folder and then swaps it in: the final name holds a complete view at all times but for the moment between
 * two renames. What stood there before is removed, and what an earlier crash left over. One process at a time.
 *
 * @param keepOldAt - Where what stood there before goes instead, if anywhere; on the same file system.
 *
 * @param fill - Writes the content into the folder that it is given. What it throws is thrown, its messages naming `path`.
 * @throws PreannotateError WRITE_FAILED or OUTPUT_UNUSABLE, naming the folder; the old content is then still there.
 */
export async function replaceFolder<Result>(
  path: string,
  fill: (folder: string) => Promise<Result>,
  keepOldAt?: string,
): Promise<Result> {
  const target = await usable(path, () => folderAt(path));
  const parent = dirname(target);
  const fresh = join(parent, `${TEMPORARY}${basename(target)}-new`);
  const old = join(parent, `${TEMPORARY}${basename(target)}-old`);
  await usable(path, () => mkdir(parent, { recursive: true }));
  await writing(path, async () => {
    if ((await isThere(old)) && !(await isThere(target))) await rename(old, target); // a crash between the two renames
    await rm(old, { recursive: true, force: true });
    await rm(fresh, { recursive: true, force: true });
  });
  await usable(path, () => mkdir(fresh));
  try {
    const result = await fill(fresh);
    await writing(path, () => swap({ fresh, target, old: keepOldAt ?? old }));
    await removeIfPossible(old);
    return result;
  } catch (error) {
    await removeIfPossible(fresh);
    throw toldOf(path, fresh, error);
  }
}

/** The fresh folder is gone by then: messages name the place that its files were meant for. */
function toldOf(path: string, fresh: string, error: unknown): unknown {
  if (!(error instanceof PreannotateError)) return error;
  const message = error.message.replaceAll(printable(fresh), () => printable(path));
  return new PreannotateError({ ...error.toFailure(), message }, error.cause);
}

/** Where the folder really is, so that a link to it stays a link. */
async function folderAt(path: string): Promise<string> {
  try {
    const target = await realpath(path);
    if ((await stat(target)).isDirectory()) return target;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return path; // it is to be made
    throw error;
  }
  throw new Error('there is a file of that name');
}

async function swap({ fresh, target, old }: { fresh: string; target: string; old: string }): Promise<void> {
  const replaces = await isThere(target);
  if (replaces) await rename(target, old);
  try {
    await rename(fresh, target);
  } catch (error) {
    if (replaces) await rename(old, target);
    throw error;
  }
  await syncFolder(dirname(target));
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** For what is no longer wanted: an error would hide the one that matters, or spoil what is done; the next run tries again. */
async function removeIfPossible(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}

/** Makes a rename survive a power cut, where the system can do that. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows cannot open folders; the rename itself is done.
  }
}
