import { messageOf } from '../../core/errors.js';

/** What ONNX Runtime's providers, CUDA, Direct3D and Vulkan say when the device's memory is full. */
const NO_MEMORY =
  /out of (?:device |host )?memory|OUT_OF_(?:DEVICE_|HOST_)?MEMORY|OUTOFMEMORY|allocate memory|ALLOC_FAILED|bad_alloc|BFCArena/i;

/**
 * Runs batches that fit the device's memory: one that does not is halved until it does, and later ones are no larger.
 * Results do not depend on it, since an image's do not depend on its neighbours.
 */
export class FittingBatches {
  readonly #onSmaller: (tried: number, fitted: number) => void;
  #most = Infinity;

  /** @param onSmaller - Told when a batch of `tried` had no room and one of `fitted` had. */
  constructor(onSmaller: (tried: number, fitted: number) => void) {
    this.#onSmaller = onSmaller;
  }

  /**
   * @param run - Runs so many at once: one result an item, in order.
   * @throws What `run` throws; for want of memory only when a single item has none.
   */
  async run<Item, Result>(
    items: readonly Item[],
    run: (part: readonly Item[]) => Promise<readonly Result[]>,
  ): Promise<Result[]> {
    const results: Result[] = [];
    let tried = 0; // the largest batch that had no room
    while (results.length < items.length) {
      const part = items.slice(results.length, results.length + this.#most);
      try {
        results.push(...(await run(part)));
      } catch (error) {
        if (part.length === 1 || !NO_MEMORY.test(messageOf(error))) throw error;
        tried ||= part.length;
        this.#most = Math.ceil(part.length / 2);
        continue;
      }
      if (tried > 0) this.#onSmaller(tried, this.#most);
      tried = 0;
    }
    return results;
  }
}
