import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { makeFolder } from './make-folder.js';
import { withOutputErrors, withWriteErrors } from './write-failure.js';

const BUFFER_BYTES = 1 << 20; // one write a megabyte: views are made of many short lines
const TEMPORARY = '.preannotate-'; // short, because names of 255 bytes exist

type Content = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/**
 * Writes a file so that its final name holds either the old content or all of the new: beside it, to the disk, renamed.
 *
 * @param content - A string, or parts of the content. What iterating over them throws is thrown as it is.
 * @throws PreannotateError WRITE_FAILED naming the file; OUTPUT_UNUSABLE when its folder cannot be used.
 */
export async function replaceFile(path: string, content: Content | string): Promise<void> {
  const folder = dirname(path);
  // Random, not the process id: in a container that is the same in every run, also in one that was killed here.
  const temporary = join(folder, TEMPORARY + randomBytes(6).toString('hex'));
  await withOutputErrors(path, () => makeFolder(folder));
  const file = await withOutputErrors(path, () => open(temporary, 'wx'));
  try {
    try {
      await writeAll(path, file, typeof content === 'string' ? [content] : content);
      await withWriteErrors(path, () => file.sync());
    } finally {
      await withWriteErrors(path, () => file.close());
    }
    await withWriteErrors(path, () => rename(temporary, path));
  } catch (error) {
    await removeIfPossible(temporary);
    throw error;
  }
  await syncFolder(folder);
}

async function writeAll(path: string, file: FileHandle, content: Content): Promise<void> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  const flush = async () => {
    const bytes = Buffer.concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    await withWriteErrors(path, () => file.writeFile(bytes)); // from the current position, until all is written
  };
  for await (const part of content) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    pending.push(bytes);
    pendingBytes += bytes.length;
    if (pendingBytes >= BUFFER_BYTES) await flush();
  }
  await flush();
}

/**
 * Fills a fresh folder and then swaps it in: the final name holds a complete folder at all times except for the moment
 * between two renames. Removes the previous content, and leftovers of an earlier crash. One process at a time.
 *
 * @param fill - Writes the content into the folder that it is given. Its errors are thrown; their messages name `path`.
 * @param keepOldAt - Where the previous content is moved instead of being removed; on the same file system.
 * @throws PreannotateError WRITE_FAILED or OUTPUT_UNUSABLE, naming the folder; the old content is then still there.
 */
export async function replaceFolder<Result>(
  path: string,
  fill: (folder: string) => Promise<Result>,
  keepOldAt?: string,
): Promise<Result> {
  const target = await withOutputErrors(path, () => resolveFolder(path));
  const parent = dirname(target);
  const fresh = join(parent, `${TEMPORARY}${basename(target)}-new`);
  const old = join(parent, `${TEMPORARY}${basename(target)}-old`);
  await withOutputErrors(path, () => makeFolder(parent));
  await withWriteErrors(path, async () => {
    if ((await exists(old)) && !(await exists(target))) await rename(old, target); // a crash between the two renames
    await rm(old, { recursive: true, force: true });
    await rm(fresh, { recursive: true, force: true });
  });
  await withOutputErrors(path, () => mkdir(fresh));
  try {
    const result = await fill(fresh);
    await withWriteErrors(path, () => swap({ fresh, target, old: keepOldAt ?? old }));
    await removeIfPossible(old);
    return result;
  } catch (error) {
    await removeIfPossible(fresh);
    throw renamedInMessage(error, fresh, path);
  }
}

/** The fresh folder no longer exists when the error is read: its message names the final place instead. */
function renamedInMessage(error: unknown, from: string, to: string): unknown {
  if (!(error instanceof PreannotateError)) return error;
  const message = error.message.replaceAll(printable(from), () => printable(to));
  return new PreannotateError({ ...error.toFailure(), message }, error.cause);
}

/** Follows links, so that a link to the folder stays a link. */
async function resolveFolder(path: string): Promise<string> {
  try {
    const target = await realpath(path);
    if ((await stat(target)).isDirectory()) return target;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return path; // it will be made
    throw error;
  }
  throw new Error('a file has that name');
}

async function swap({ fresh, target, old }: { fresh: string; target: string; old: string }): Promise<void> {
  const replaces = await exists(target);
  if (replaces) await rename(target, old);
  try {
    await rename(fresh, target);
  } catch (error) {
    if (replaces) await rename(old, target);
    throw error;
  }
  await syncFolder(dirname(target));
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** For leftovers: an error here would hide a more important one, and the next run tries again. */
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
