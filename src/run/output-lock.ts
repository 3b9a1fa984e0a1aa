import { access, constants, rmdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { FileLock, LockHeld, type Holder } from '../disk/file-lock.js';
import { makeFolder } from '../disk/make-folder.js';
import { withOutputErrors } from '../disk/write-failure.js';

/** Keeps two runs from writing into one output folder. */
export class OutputLock implements AsyncDisposable {
  readonly #lock: FileLock;
  readonly #created: string | undefined; // topmost folder that did not exist before

  private constructor(lock: FileLock, created: string | undefined) {
    this.#lock = lock;
    this.#created = created;
  }

  /**
   * Takes the lock of an output folder, creating the folder if necessary. The lock of a process of this machine that
   * has ended is taken over.
   *
   * @throws PreannotateError OUTPUT_LOCKED naming the holder; OUTPUT_UNUSABLE when the folder cannot be written.
   */
  static async take(outDir: string): Promise<OutputLock> {
    await assertWritable(outDir);
    const path = lockPath(outDir);
    const created = await withOutputErrors(path, () => makeFolder(dirname(path)));
    const lock = await withLockErrors(path, () => FileLock.take(path));
    return new OutputLock(lock, created);
  }

  /** Refuses what {@link take} would refuse now, and writes nothing. */
  static async assertAvailable(outDir: string): Promise<void> {
    await assertWritable(outDir);
    const path = lockPath(outDir);
    await withLockErrors(path, () => FileLock.assertFree(path));
  }

  /** Leaves no empty folders where there were none, so that a refused run leaves nothing behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
    const created = this.#created;
    if (created === undefined) return;
    for (let folder = dirname(this.#lock.path); folder.length >= created.length; folder = dirname(folder)) {
      const isRemoved = await rmdir(folder).then(
        () => true,
        () => false, // something was written
      );
      if (!isRemoved) return;
    }
  }
}

function lockPath(outDir: string): string {
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
      throw error instanceof LockHeld ? lockedError(path, error.holder) : error;
    }),
  );
}

function lockedError(path: string, holder: Holder | undefined): PreannotateError {
  const who = holder === undefined ? '' : `: process ${holder.pid} on ${holder.host}, since ${holder.started}`;
  return new PreannotateError({
    code: 'OUTPUT_LOCKED',
    message: `Another run is using this output folder${who}.`,
    hint: `Wait for it, or give another --out folder. If that process has certainly ended, delete ${path}.`,
  });
}
