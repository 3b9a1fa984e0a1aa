/**
 * Images of a chunk while all of them have stored features: sending a chunk and its answer would take a fifth of the
 * time of one such image.
 */
const CHEAP_IMAGES = 8;

/** Chunks that a worker has at once while they are large. */
const CHUNKS_AHEAD = 2;

/**
 * Decides how many images a chunk has where features are stored. It doubles with each answer in which all images had
 * them, and is the least again as soon as a worker finds one that it must encode: in a folder that has features of a
 * part of the images, a worker with many that must be encoded would keep the others waiting at the end.
 */
export class ChunkGrowth {
  readonly #least: number;
  readonly #workers: number;
  #size: number;

  constructor({ least, workers }: { least: number; workers: number }) {
    this.#least = least;
    this.#workers = workers;
    this.#size = least;
  }

  /** Images that workers have at once while chunks are largest. */
  get capacity(): number {
    return this.#workers * CHUNKS_AHEAD * this.#most;
  }

  /** All images of a chunk had stored features. @returns images of a chunk */
  grow(): number {
    this.#size = Math.min(this.#size * 2, this.#most);
    return this.#size;
  }

  /** An image has none. @returns images of a chunk */
  reset(): number {
    this.#size = this.#least;
    return this.#size;
  }

  get #most(): number {
    return Math.max(this.#least, CHEAP_IMAGES);
  }
}
