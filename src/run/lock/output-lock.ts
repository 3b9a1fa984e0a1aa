import { access, constants, rmdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import { FileLock } from '../../disk/lock/file-lock.js';
import type { Holder } from '../../disk/lock/holder.js';
import { LockHeldError, type TakeOver } from '../../disk/lock/take-over.js';
import { makeFolder } from '../../disk/make-folder.js';
import { withOutputErrors } from '../../disk/write-failure.js';
import { detachJournal } from './detach-journal.js';
import { describeWatch, lockedError, lostError, reviewedError } from './lock-errors.js';
import { findReview } from './review-holder.js';

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
  static async take(outDir: string, options: OutputLockOptions = {}): Promise<OutputLock> {
    const held = await OutputLock.takeForReview(outDir, options);
    const path = viewsLockPath(outDir);
    await held.#orRelease(withLockErrors(path, () => FileLock.assertFree(path, options.takeOver)));
    return held;
  }

  /**
   * The same, beside an export that is going on. A review writes its journal alone.
   *
   * @throws as {@link take} does
   */
  static async takeForReview(
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

  /**
   * Takes the lock for writing views from journals alone, which can be done while a review adds to its own: views have
   * a lock of their own then. It is taken before the review is looked for once more, and {@link take} looks at it last,
   * so that no run begins meanwhile.
   *
   * @throws as {@link take} does
   */
  static async takeForViews(outDir: string, options: OutputLockOptions = {}): Promise<OutputLock> {
    if ((await findReview(lockPath(outDir))) === undefined) return await OutputLock.take(outDir, options);
    const path = viewsLockPath(outDir);
    const lost = new AbortController();
    const onLost = (by: Holder | undefined) => lost.abort(lostError(outDir, by));
    const { takeOver = {} } = options;
    const lock = await withLockErrors(path, () => FileLock.take(path, { takeOver, onLost }));
    const held = new OutputLock(lock, lost.signal);
    const review = await findReview(lockPath(outDir));
    const isReviewed = review !== undefined && (await isTaken(lockPath(outDir)));
    if (!isReviewed) {
      await held[Symbol.asyncDispose]();
      return await OutputLock.take(outDir, options); // it has ended, or was killed
    }
    options.note?.(`The review at ${review.address} goes on: what is decided from now on is for the next export.`);
    return held;
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

/** Of exports beside a review. */
function viewsLockPath(outDir: string): string {
  return join(outDir, '.preannotate', 'views-lock');
}

/** Whether a process has the lock that has not certainly ended. */
async function isTaken(path: string): Promise<boolean> {
  return await FileLock.assertFree(path).then(
    () => false,
    () => true,
  );
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
    step().catch(async (error: unknown) => {
      if (!(error instanceof LockHeldError)) throw error;
      const review = await findReview(path);
      throw review === undefined ? lockedError(path, error) : reviewedError(review);
    }),
  );
}
