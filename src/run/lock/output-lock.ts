import { access, constants, rmdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import { FileLock } from '../../disk/lock/file-lock.js';
import type { Holder } from '../../disk/lock/holder.js';
import { LockHeldError, type TakeOver } from '../../disk/lock/take-over.js';
import { makeFolder } from '../../disk/make-folder.js';
import { withOutputErrors } from '../../disk/write-failure.js';
import { detachJournal } from './detach-journal.js';
import { describeWatch, lockedError, lostError } from './lock-errors.js';

/** Whether a run takes an output folder from another of which it is uncertain whether it has ended. */
export type TakeOverRule = Pick<TakeOver, 'force' | 'afterMs'>;

/** How a run takes an output folder. */
interface OutputLockOptions {
  readonly takeOver?: TakeOverRule;
  readonly note?: (message: string) => void;
  readonly signal?: AbortSignal; // ends waiting for a heartbeat
}

/** Keeps two runs from writing into one output folder. */
export class OutputLock implements AsyncDisposable {
  /** Fires with PreannotateError OUTPUT_LOST when another run has taken the folder over. */
  readonly lost: AbortSignal;
  readonly #lock: FileLock;

  private constructor(lock: FileLock, lost: AbortSignal) {
    this.#lock = lock;
    this.lost = lost;
  }

  /**
   * Takes the lock of an output folder, creating the folder if necessary. The lock of a process of this machine that
   * has ended is taken over; where that is uncertain, `takeOver` decides.
   *
   * @throws PreannotateError OUTPUT_LOCKED naming the holder; OUTPUT_UNUSABLE when the folder cannot be written.
   */
  static async take(
    outDir: string,
    { takeOver, note = () => {}, signal }: OutputLockOptions = {},
  ): Promise<OutputLock> {
    await assertWritable(outDir);
    const path = lockPath(outDir);
    const topmost = await withOutputErrors(path, () => makeFolder(dirname(path)));
    const created = topmost === undefined ? 0 : relative(topmost, path).split(sep).length;
    const lost = new AbortController();
    const onLost = (by: Holder | undefined) => lost.abort(lostError(outDir, by));
    const onWatch = (holder: Holder | undefined) => note(describeWatch(path, holder, takeOver?.afterMs ?? 0));
    try {
      const watching = { ...takeOver, onWatch, ...(signal === undefined ? {} : { signal }) };
      const lock = await withLockErrors(path, () => FileLock.take(path, { takeOver: watching, created, onLost }));
      const held = new OutputLock(lock, lost.signal);
      if (lock.isContested) await held.#orRelease(detachJournal(outDir));
      return held;
    } catch (error) {
      await removeEmptyFolders(path, created);
      throw error;
    }
  }

  /** Refuses what {@link take} would refuse now, and writes nothing. */
  static async assertAvailable(outDir: string, takeOver?: TakeOverRule): Promise<void> {
    await assertWritable(outDir);
    const path = lockPath(outDir);
    await withLockErrors(path, () => FileLock.assertFree(path, takeOver));
  }

  /** Refuses a folder that a run is writing into. It is only read then, and need not be writable. */
  static async assertUnused(outDir: string, takeOver?: TakeOverRule): Promise<void> {
    const path = lockPath(outDir);
    await withLockErrors(path, () => FileLock.assertFree(path, takeOver));
  }

  /** Makes sure that the folder is still ours, before something is written that must not meet another run's. */
  async assertHeld(): Promise<void> {
    if (!(await this.#lock.isHeld())) throw this.lost.reason;
  }

  /** Like {@link assertHeld}, for what is written often: looks at the lock only when a heartbeat is overdue. */
  async assertHeldSinceHeartbeat(): Promise<void> {
    if (!(await this.#lock.isHeldSinceHeartbeat())) throw this.lost.reason;
  }

  isHeld(): Promise<boolean> {
    return this.#lock.isHeld();
  }

  async #orRelease(step: Promise<void>): Promise<void> {
    try {
      await step;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Leaves no empty folders where there were none, so that a refused run leaves nothing behind; also those that the
   * killed run made from which the lock was taken over.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
    if (this.lost.aborted) return;
    await removeEmptyFolders(this.#lock.path, Math.max(1, this.#lock.created)); // .preannotate is always ours
  }
}

/** @param count - Of folders, from that of the lock upwards. */
async function removeEmptyFolders(path: string, count: number): Promise<void> {
  let folder = path;
  for (let i = 0; i < count; i++) {
    folder = dirname(folder);
    const isRemoved = await rmdir(folder).then(
      () => true,
      () => false, // something was written, or another run has begun
    );
    if (!isRemoved) return;
  }
}

export function lockPath(outDir: string): string {
  return join(outDir, '.preannotate', 'lock');
}

/** @throws PreannotateError OUTPUT_UNUSABLE when the folder can neither be written nor created. */
async function assertWritable(outDir: string): Promise<void> {
  await withOutputErrors(outDir, () => accessNearest(outDir));
}

/** Checks the folder, or the one that it would be created in. */
async function accessNearest(folder: string): Promise<void> {
  try {
    await access(`${folder}${sep}`, constants.W_OK);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    await accessNearest(dirname(folder));
  }
}

function withLockErrors<Result>(path: string, step: () => Promise<Result>): Promise<Result> {
  return withOutputErrors(path, () =>
    step().catch((error: unknown) => {
      throw error instanceof LockHeldError ? lockedError(path, error) : error;
    }),
  );
}
