import type { PendingDetection } from '../pending-detection.js';

/** Images that a worker was given together, and when. */
export interface Chunk {
  readonly images: readonly PendingDetection[];
  readonly sentAt: number;
}

/** The chunks that one worker has. */
export class ChunksInFlight {
  readonly #chunks = new Map<number, Chunk>();
  #nextId = 0;

  /** @returns The id under which the worker answers. */
  add(images: readonly PendingDetection[]): number {
    const id = this.#nextId++;
    this.#chunks.set(id, { images, sentAt: performance.now() });
    return id;
  }

  /** @returns The chunk, which is no longer in flight; undefined when it was taken back before. */
  take(id: number): Chunk | undefined {
    const chunk = this.#chunks.get(id);
    this.#chunks.delete(id);
    return chunk;
  }

  /** @returns All images; none is in flight any more. */
  clear(): PendingDetection[] {
    const { images } = this;
    this.#chunks.clear();
    return images;
  }

  get size(): number {
    return this.#chunks.size;
  }

  get images(): PendingDetection[] {
    return [...this.#chunks.values()].flatMap(({ images }) => images);
  }

  /** Images of the largest chunk. */
  get largest(): number {
    return Math.max(0, ...[...this.#chunks.values()].map(({ images }) => images.length));
  }

  /** Under which id the worker has an image, and where in the chunk; undefined when it has not. */
  find(pending: PendingDetection): { id: number; index: number } | undefined {
    for (const [id, { images }] of this.#chunks) {
      const index = images.indexOf(pending);
      if (index >= 0) return { id, index };
    }
    return undefined;
  }
}
