import { messageOf } from '../core/errors.js';
import { counted, formatBytes } from '../core/text.js';
import { removeLeastRecentlyUsed } from './remove-unused.js';
import type { StoreProblem } from './image-features.js';

/** The share of the limit that may be written on one machine before the folder is looked at again. */
const UNSEEN_SHARE = 1 / 32;

/** The share of the limit that is freed when it is exceeded: the next removal is not due at once. */
const FREED_SHARE = 1 / 16;

/** Bytes that a folder of a limited size still has when the least recently used features were removed. */
export function sizeAfterRemoval(maxBytes: number): number {
  return maxBytes * (1 - FREED_SHARE);
}

/**
 * Keeps a folder of features within a size, together with all others that write to it. Each looks at what is there
 * after it has written its part of 1/32 of the limit, and when it ends, so that the folder exceeds the limit by at most
 * that share for each machine that writes, and what is written while it is being looked at. Then the least recently
 * used go, whatever their key, until 1/16 of the limit is free.
 */
export class SpaceLimit {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #unseenBytes: number;
  readonly #onProblem: (problem: StoreProblem) => void;
  #unseen = 0; // bytes that were written since the folder was looked at
  #looking: Promise<void> | undefined;
  #hasLooked = false; // what is there may be too much already
  readonly #removed = { images: 0, bytes: 0 };

  constructor(
    folder: string,
    {
      maxBytes = Infinity,
      writers = 1,
      onProblem,
    }: { maxBytes?: number; writers?: number; onProblem: (problem: StoreProblem) => void },
  ) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#unseenBytes = (maxBytes * UNSEEN_SHARE) / writers;
    this.#onProblem = onProblem;
  }

  /** @param bytes - That were written. */
  add(bytes: number): void {
    this.#unseen += bytes;
    if (this.#unseen >= this.#unseenBytes) this.#look();
  }

  async finish(): Promise<void> {
    await this.#looking;
    if (this.#unseen > 0 || !this.#hasLooked) this.#look();
    while (this.#looking !== undefined) await this.#looking;
    const { images, bytes } = this.#removed;
    if (images === 0) return;
    const what = `the features of ${counted(images, 'image')} (${formatBytes(bytes)})`;
    const message = `Removed ${what} to stay within ${formatBytes(this.#maxBytes)}.`;
    this.#onProblem({ kind: 'removed', message });
  }

  #look(): void {
    if (this.#looking !== undefined) return;
    this.#unseen = 0;
    this.#hasLooked = true;
    const keep = { maxBytes: this.#maxBytes, leastBytes: sizeAfterRemoval(this.#maxBytes), removed: this.#removed };
    this.#looking = removeLeastRecentlyUsed(this.#folder, keep)
      .catch((error: unknown) => {
        const message = `The size of the folder of features cannot be kept: ${messageOf(error)}.`;
        this.#onProblem({ kind: 'too-large', message });
      })
      .finally(() => {
        this.#looking = undefined;
        if (this.#unseen >= this.#unseenBytes) this.#look(); // written meanwhile
      });
  }
}
