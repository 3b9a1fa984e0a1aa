import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { withOutputErrors, withWriteErrors } from './write-failure.js';

const BUFFER_BYTES = 1 << 20;
const BLOCK_BYTES = 1 << 17; // smaller blocks are collected sooner
const TEMPORARY = '.preannotate-'; // short, because names of 255 bytes exist

type Content = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/**
 * Writes a file so that its final name holds either the old content or all of the new: beside it, to the disk, renamed.
 *
 * @param content - A string, or parts of the content. What iterating over them throws is thrown as it is.
 * @throws PreannotateError WRITE_FAILED naming the file; OUTPUT_UNUSABLE when its folder cannot be used.
 */
export async function replaceFile(path: string, content: Content | string): Promise<void> {
  await replace(path, content, () => Promise.resolve(true));
}

/** Does the same, and leaves a file alone that has this content: also its times stay. */
export async function replaceIfChanged(path: string, content: Content | string): Promise<void> {
  await replace(path, content, async (temporary) => !(await haveSameContent(temporary, path)));
}

/** @param isWanted - Whether the file that was written beside it is to take its place. */
async function replace(
  path: string,
  content: Content | string,
  isWanted: (temporary: string) => Promise<boolean>,
): Promise<void> {
  const folder = dirname(path);
  // Random, not the process id: in a container that is the same in every run, also in one that was killed here.
  const temporary = join(folder, TEMPORARY + randomBytes(6).toString('hex'));
  await withOutputErrors(path, () => makeFolder(folder));
  const file = await withOutputErrors(path, () => open(temporary, 'wx'));
  try {
    try {
      await writeAll(path, file, toBlocks(typeof content === 'string' ? [content] : content));
      await withWriteErrors(path, () => file.sync());
    } finally {
      await withWriteErrors(path, () => file.close());
    }
    if (!(await isWanted(temporary))) {
      await removeIfPossible(temporary);
      return;
    }
    await withWriteErrors(path, () => rename(temporary, path));
  } catch (error) {
    await removeIfPossible(temporary);
    throw error;
  }
  await syncFolder(folder);
}

/** Whether two files are the same. A file that cannot be read is another one. */
async function haveSameContent(a: string, b: string): Promise<boolean> {
  try {
    await using one = await open(a, 'r');
    await using other = await open(b, 'r');
    if ((await one.stat()).size !== (await other.stat()).size) return false;
    for (;;) {
      const [left, right] = await Promise.all([one, other].map((file) => file.read(Buffer.alloc(BUFFER_BYTES))));
      const [bytes, others] = [left!, right!].map(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead));
      if (!bytes!.equals(others!)) return false;
      if (bytes!.length === 0) return true;
    }
  } catch {
    return false;
  }
}

/**
 * Writes a new file, to the disk, and computes what is in it.
 *
 * @param content - As for {@link replaceFile}.
 * @param place - Where the file will be in the end: errors name it.
 * @throws PreannotateError WRITE_FAILED
 */
export async function writeHashed(
  path: string,
  content: Content,
  place: string,
): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  async function* hashed() {
    for await (const block of toBlocks(content)) {
      hash.update(block);
      size += block.length;
      yield block;
    }
  }
  await using file = await withWriteErrors(place, () => open(path, 'wx'));
  await writeAll(place, file, hashed());
  await withWriteErrors(place, () => file.sync());
  return { size, sha256: hash.digest('hex') };
}

async function writeAll(path: string, file: FileHandle, blocks: AsyncIterable<Uint8Array>): Promise<void> {
  // From the current position, until all is written.
  for await (const block of blocks) await withWriteErrors(path, () => file.writeFile(block));
}

/** Few large blocks: views are made of many short lines. */
async function* toBlocks(content: Content): AsyncGenerator<Uint8Array> {
  let blocks: Uint8Array[] = [];
  let bytes = 0;
  let text = ''; // after the blocks
  const add = (block: Uint8Array) => {
    blocks.push(block);
    bytes += block.length;
  };
  const take = () => {
    if (text !== '') add(Buffer.from(text));
    const all = blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, bytes);
    [blocks, bytes, text] = [[], 0, ''];
    return all;
  };
  for await (const part of content) {
    if (typeof part === 'string') text += part;
    else {
      if (text !== '') add(Buffer.from(text));
      text = '';
      add(part);
    }
    if (bytes + text.length >= BLOCK_BYTES) yield take();
  }
  if (bytes + text.length > 0) yield take();
}

/** Puts a file, and its name in its folder, onto the disk: a copy, before its original goes. */
export async function syncFile(path: string): Promise<void> {
  await using file = await open(path, process.platform === 'win32' ? 'r+' : 'r'); // a copy may be read-only
  await file.sync();
  await syncFolder(dirname(path));
}

/** For leftovers: an error here would hide a more important one, and the next run tries again. */
async function removeIfPossible(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}

/** Makes a rename survive a power cut, where the system can do that. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows cannot open folders; the rename itself is done.
  }
}
