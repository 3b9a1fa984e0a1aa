import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { FileLock, LockHeld, type Holder } from '../disk/file-lock.js';
import { usable } from '../disk/write-failure.js';

/** Keeps two runs from writing into one output folder. */
export class OutputLock implements AsyncDisposable {
  readonly #lock: FileLock;

  private constructor(lock: FileLock) {
    this.#lock = lock;
  }

  /**
   * Takes the lock; that of a process of this machine which is gone is taken over.
   *
   * @throws PreannotateError OUTPUT_LOCKED naming the holder; OUTPUT_UNUSABLE when the folder cannot be written.
   */
  static async take(path: string): Promise<OutputLock> {
    await usable(path, () => mkdir(dirname(path), { recursive: true }));
    const lock = await usable(path, () =>
      FileLock.take(path).catch((error: unknown) => {
        throw error instanceof LockHeld ? locked(path, error.holder) : error;
      }),
    );
    return new OutputLock(lock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
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
