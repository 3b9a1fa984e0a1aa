import { randomBytes } from 'node:crypto';
import { rm, type FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../core/errors.js';
import { realClock, type LockClock } from './clock.js';
import type { Holder } from './holder.js';
import { placeLock, readLock, removeLock } from './lock-file.js';
import { identifyProcess } from './process-identity.js';
import { assertFree, assertRemovable, LockHeldError, type TakeOver } from './take-over.js';

/** How often a holder writes its heartbeat. */
export const HEARTBEAT_MS = 2000;

const ATTEMPTS = 5; // other processes may be taking over the same lock
const MISSING_CHECKS = 5; // another process may have moved the lock aside for a moment, to see whether it is stale
const MISSING_CHECK_MS = 100;

export interface LockOptions {
  readonly takeOver?: TakeOver;
  readonly created?: number; // folders that were made for the lock, counted from its own upwards
  /** Called once, as soon as it is noticed that another process has the lock, or that it was removed. */
  readonly onLost?: (by: Holder | undefined) => void;
  readonly clock?: LockClock;
}

/** A lock that has been taken. */
interface Held {
  readonly holder: Holder;
  readonly file: FileHandle;
  readonly isContested: boolean;
}

/**
 * A lock file that exists for as long as its process holds the lock, with a heartbeat. Its folder must exist. A process
 * that was stopped for long may have lost its lock: check with {@link isHeld}.
 */
export class FileLock implements AsyncDisposable {
  readonly path: string;
  /** It was taken from a process that may still be running and writing to its open files. */
  readonly isContested: boolean;
  readonly #file: FileHandle;
  readonly #clock: LockClock;
  readonly #onLost: LockOptions['onLost'];
  readonly #timer: NodeJS.Timeout;
  #holder: Holder;
  #isLost = false;
  #seenMs: number; // when the lock was last seen to be ours
  #seenDate = Date.now(); // also advances during suspend, but can be changed
  #beating: Promise<void> = Promise.resolve();

  private constructor(path: string, held: Held, { clock, onLost }: LockOptions) {
    this.path = path;
    this.isContested = held.isContested;
    this.#holder = held.holder;
    this.#file = held.file;
    this.#clock = clock ?? realClock;
    this.#onLost = onLost;
    this.#seenMs = this.#clock.now();
    this.#timer = setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat());
    }, HEARTBEAT_MS).unref();
  }

  /**
   * Takes the lock. One whose holder has certainly ended is taken over; `takeOver` decides about others.
   *
   * @throws LockHeldError when another process has it; errors of the file system as they are.
   */
  static async take(path: string, options: LockOptions = {}): Promise<FileLock> {
    let { created = 0 } = options;
    let isContested = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const holder = { ...(await createHolder()), created };
      const file = await placeLock(path, formatHolder(holder));
      if (file !== undefined) return new FileLock(path, { holder, file, isContested }, options);
      const seen = await readLock(path);
      if (seen === undefined) continue;
      const hasEnded = await assertRemovable(path, seen, options);
      isContested ||= !hasEnded;
      await removeLock(path, seen);
      created = Math.max(created, seen.holder?.created ?? 0); // they are ours to remove from now on
    }
    throw new LockHeldError({ holder: undefined, reason: 'contended' });
  }

  /** Refuses a lock that {@link take} would not get now, and writes nothing. @throws LockHeldError */
  static async assertFree(path: string, takeOver: TakeOver = {}): Promise<void> {
    await assertFree(path, await readLock(path), takeOver);
  }

  /** Folders that were made for the lock, by this process or by one that it was taken over from. */
  get created(): number {
    return this.#holder.created ?? 0;
  }

  /** Reads the lock file. An error of the file system leaves things as they were. */
  async isHeld(): Promise<boolean> {
    for (let check = 0; !this.#isLost; check++) {
      const [ms, date] = [this.#clock.now(), Date.now()];
      const found = await readLock(this.path).catch((error: unknown) => {
        return systemCodeOf(error) === 'ENOTDIR' ? undefined : 'unknown';
      });
      if (found === 'unknown') return true;
      if (found?.holder?.key === this.#holder.key) {
        [this.#seenMs, this.#seenDate] = [ms, date];
        return true;
      }
      if (found !== undefined || check === MISSING_CHECKS) this.#lose(found?.holder);
      else await this.#clock.sleep(MISSING_CHECK_MS);
    }
    return false;
  }

  /** Like {@link isHeld}, without reading the file while heartbeats are on time: for what is asked often. */
  async isHeldSinceHeartbeat(): Promise<boolean> {
    const sinceMs = Math.max(this.#clock.now() - this.#seenMs, Math.abs(Date.now() - this.#seenDate));
    return sinceMs < 2 * HEARTBEAT_MS ? !this.#isLost : this.isHeld();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    const isHeld = await this.isHeld();
    await this.#file.close();
    if (isHeld) await rm(this.path, { force: true });
  }

  /** Writes through the open file, which is never that of another holder. */
  async #beat(): Promise<void> {
    if (!(await this.isHeld())) return;
    this.#holder = { ...this.#holder, heartbeat: new Date().toISOString() };
    try {
      await this.#file.write(formatHolder(this.#holder), 0);
      await this.#file.datasync(); // a client of NFS may keep it from other machines for half a minute
    } catch {
      // a full disk, say: the next one may succeed
    }
  }

  #lose(by: Holder | undefined): void {
    if (this.#isLost) return;
    this.#isLost = true;
    clearInterval(this.#timer);
    this.#onLost?.(by);
  }
}

async function createHolder(): Promise<Holder> {
  const now = new Date().toISOString();
  return { ...(await identifyProcess()), started: now, key: randomBytes(8).toString('hex'), heartbeat: now };
}

/** Always as long for one holder, so that a heartbeat is written over the one before. */
function formatHolder(holder: Holder): string {
  return JSON.stringify(holder);
}
