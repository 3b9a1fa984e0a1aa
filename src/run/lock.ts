import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { usable } from '../disk/write-failure.js';

const ATTEMPTS = 5; // others may be taking over the same stale lock

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started: string; // ISO 8601
}

/** Keeps two runs from writing into one output folder. */
export class OutputLock implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the lock; that of a process of this machine which is gone is taken over.
   *
   * @throws PreannotateError OUTPUT_LOCKED naming the holder; OUTPUT_UNUSABLE when the folder cannot be written.
   */
  static async take(path: string): Promise<OutputLock> {
    await usable(path, () => mkdir(dirname(path), { recursive: true }));
    const own: Holder = { pid: process.pid, host: hostname(), started: new Date().toISOString() };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await usable(path, () => place(path, JSON.stringify(own)))) return new OutputLock(path);
      await removeStale(path);
    }
    throw locked(path, undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

/** Puts the lock in its place together with its content, unless there is one. */
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

/** Moves a stale lock away, and makes sure that it was the stale one that was moved. */
async function removeStale(path: string): Promise<void> {
  const seen = await contentOf(path);
  if (seen === undefined) return;
  const holder = holderOf(seen);
  if (holder !== undefined && (holder.host !== hostname() || isAlive(holder.pid))) throw locked(path, holder);
  const moved = `${path}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, moved);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return; // another run was quicker
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

function holderOf(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined; // cut short by a crash
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false; // ours: containers give every run the same number
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'; // alive, but of another user
  }
}

function locked(path: string, holder: Holder | undefined): PreannotateError {
  const who = holder === undefined ? '' : `: process ${holder.pid} on ${holder.host}, since ${holder.started}`;
  return new PreannotateError({
    code: 'OUTPUT_LOCKED',
    message: `Another run writes into this folder${who}.`,
    hint: `Wait for it, or give another --out. If that machine or process is gone for certain, delete ${path}.`,
  });
}
