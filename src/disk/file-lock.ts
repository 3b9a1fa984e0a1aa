import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { systemCodeOf } from '../core/errors.js';

const ATTEMPTS = 5; // other processes may be taking over the same stale lock

/** The process that has a lock, as its file names it. */
const Holder = z.object({
  pid: z.int(),
  host: z.string(),
  started: z.string(), // ISO 8601
});
export type Holder = z.output<typeof Holder>;

/** Thrown instead of waiting. */
export class LockHeld extends Error {
  /** Undefined while several processes take over a stale lock, and for a file in a form that is not known. */
  readonly holder: Holder | undefined;

  constructor(holder: Holder | undefined) {
    super(
      `the lock is held by ${holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`}`,
    );
    this.name = 'LockHeld';
    this.holder = holder;
  }
}

/** A lock file that exists for as long as its process holds the lock. Its folder must exist. */
export class FileLock implements AsyncDisposable {
  readonly path: string;
  readonly #content: string;

  private constructor(path: string, content: string) {
    this.path = path;
    this.#content = content;
  }

  /**
   * Takes the lock. One that is held by a process of this machine that has ended is taken over.
   *
   * @throws LockHeld when another process has it; errors of the file system as they are.
   */
  static async take(path: string): Promise<FileLock> {
    const own: Holder = { pid: process.pid, host: hostname(), started: new Date().toISOString() };
    const content = JSON.stringify({ ...own, key: randomBytes(8).toString('hex') });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await place(path, content)) return new FileLock(path, content);
      await removeStale(path);
    }
    throw new LockHeld(undefined);
  }

  /** Refuses a lock that {@link take} would not get now, and writes nothing. @throws LockHeld */
  static async assertFree(path: string): Promise<void> {
    assertStale(await contentOf(path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Another process may have taken the lock over, for example while this machine was suspended.
    if ((await contentOf(this.path)) === this.#content) await rm(this.path, { force: true });
  }
}

/** Creates the lock file together with its content, unless it exists. */
async function place(path: string, content: string): Promise<boolean> {
  const draft = `${path}-${randomBytes(4).toString('hex')}`;
  await writeFile(draft, content, { flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    return await placeWithoutLinks(path, content);
  } finally {
    await rm(draft, { force: true });
  }
}

/** For file systems that have no hard links. */
async function placeWithoutLinks(path: string, content: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx');
    await file.writeFile(content);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a stale lock, and makes sure that it is the stale one that is removed. */
async function removeStale(path: string): Promise<void> {
  const seen = await contentOf(path);
  if (seen === undefined) return;
  assertStale(seen);
  const moved = `${path}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, moved);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return; // another process has removed it
    throw error;
  }
  const taken = await contentOf(moved);
  if (taken !== seen) await rename(moved, path);
  else await rm(moved, { force: true });
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws LockHeld unless the content is of a process of this machine that has ended, or was cut short by a crash. */
function assertStale(content: string | undefined): void {
  const value = content === undefined ? undefined : jsonOf(content);
  if (value === undefined) return;
  const { data: holder } = Holder.safeParse(value);
  if (holder === undefined || holder.host !== hostname() || isAlive(holder.pid)) throw new LockHeld(holder);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut short by a crash
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false; // left by an earlier process: containers give every run the same pid
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'; // alive, and owned by another user
  }
}
