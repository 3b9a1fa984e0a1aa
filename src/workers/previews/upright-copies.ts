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

  /** @returns Whether it could be written. */
  async write(source: string, target: string): Promise<boolean> {
    const problem = await this.#artist.draw({ source, target, boxes: 'upright', limits: this.#limits });
    return problem === undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#artist[Symbol.asyncDispose]();
  }
}
