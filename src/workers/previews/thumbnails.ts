import { availableParallelism } from 'node:os';
import { PreviewArtist, type ThumbnailRequest } from './preview-artist.js';

const MAX_PROCESSES = 4;

/** Makes small copies of images, in child processes: they are started when they are needed. */
export class Thumbnails implements AsyncDisposable {
  readonly atOnce = Math.min(MAX_PROCESSES, availableParallelism()); // more wait for each other
  readonly #artists = Array.from({ length: this.atOnce }, () => new PreviewArtist());
  #next = 0;

  /** @returns A WebP; undefined where the image cannot be read or decoded any more. */
  async make(request: ThumbnailRequest, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const artist = this.#artists[this.#next++ % this.#artists.length]!;
    return (await artist.draw(request, signal)).thumbnail;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#artists.map((artist) => artist[Symbol.asyncDispose]()));
  }
}
