import { readImageHeader } from '../../images/header.js';
import { PreviewArtist, type PreviewRequest } from './preview-artist.js';

/** Writes copies of images whose EXIF orientation turns them, in a child process. */
export class UprightCopies implements AsyncDisposable {
  readonly #artist = new PreviewArtist();
  readonly #limits: PreviewRequest['limits'];

  constructor({ maxBytes, maxPixels }: PreviewRequest['limits']) {
    this.#limits = { maxBytes, maxPixels };
  }

  /** @param path - Of an image, of which only the header is read. */
  async isTurned(path: string): Promise<boolean> {
    const header = await readImageHeader(path);
    return typeof header !== 'string' && header.orientation > 1;
  }

  /**
   * @returns false where the image cannot be decoded.
   * @throws Error of the system, where the copy cannot be written.
   */
  async write(source: string, target: string): Promise<boolean> {
    const request = { source, target, boxes: 'upright', limits: this.#limits } as const;
    const { problem, writeError: code } = await this.#artist.draw(request);
    if (code !== undefined) throw Object.assign(new Error(problem), { code, syscall: 'write' });
    return problem === undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#artist[Symbol.asyncDispose]();
  }
}
