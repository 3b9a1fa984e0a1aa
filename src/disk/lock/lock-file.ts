import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../core/errors.js';
import { openRegularFile } from '../regular-file.js';
import { Holder } from './holder.js';

const MAX_BYTES = 65_536; // far more than a holder takes

/** A lock file as it was read. */
export interface LockContent {
  readonly text: string;
  readonly modifiedMs: number;
  readonly isWhole: boolean; // JSON; one that is not was cut short by a crash, or is being written
  readonly holder: Holder | undefined; // undefined for a form that is not known
}

/** @returns undefined when there is no lock. @throws the system's error, also for what is no file. */
export async function readLock(path: string): Promise<LockContent | undefined> {
  try {
    await using file = await openRegularFile(path);
    const { mtimeMs: modifiedMs } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    const value = parseJson(text);
    return { text, modifiedMs, isWhole: value !== undefined, holder: Holder.safeParse(value).data };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether a lock has not changed between two reads. */
export function isUnchanged(before: LockContent, after: LockContent | undefined): boolean {
  return after?.text === before.text && after.modifiedMs === before.modifiedMs;
}

/** Creates a lock file together with its content. @returns The file, open; undefined when there is one already. */
export async function placeLock(path: string, text: string): Promise<FileHandle | undefined> {
  const draft = `${path}-${randomBytes(4).toString('hex')}`;
  const file = await createFile(draft, text);
  try {
    if (await tryLink(draft, path)) return file;
    // A network file system may have linked it, lost the answer, and asked again.
    if ((await readLock(path))?.text === text) return file;
  } catch (error) {
    await file.close();
    if (error instanceof NoLinks) return await placeWithoutLinks(path, text);
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await file.close();
  return undefined;
}

async function createFile(path: string, text: string): Promise<FileHandle> {
  const file = await open(path, 'wx+');
  try {
    await file.writeFile(text);
    return file;
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
}

/** The file system has no hard links. */
class NoLinks extends Error {}

/** @returns false when there is a file of that name. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw new NoLinks('no hard links', { cause: error });
  }
}

async function placeWithoutLinks(path: string, text: string): Promise<FileHandle | undefined> {
  try {
    return await createFile(path, text);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

/** Removes a lock if it is still as it was read: its holder, or another process, may have changed it meanwhile. */
export async function removeLock(path: string, seen: LockContent): Promise<void> {
  if (!isUnchanged(seen, await readLock(path))) return;
  const moved = `${path}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, moved);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return; // another process has removed it
    throw error;
  }
  if (!isUnchanged(seen, await readLock(moved))) await moveBack(moved, path);
  await rm(moved, { force: true });
}

/** Leaves alone a lock that was placed meanwhile; the holder of the moved one will find that it has lost it. */
async function moveBack(moved: string, path: string): Promise<void> {
  try {
    await link(moved, path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') await rename(moved, path); // no hard links there
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
