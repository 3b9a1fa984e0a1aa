import { stat } from 'node:fs/promises';
import type { ContentStamp } from '../../core/image.js';
import { readImage } from '../../images/read.js';

/** Hashes of image files. A file is read again only when its size or its time has changed. */
export class ImageHashes {
  readonly #known = new Map<string, ContentStamp>(); // by path

  /**
   * @param maxBytes - A larger file is not read.
   * @returns SHA-256 in hex; undefined of a file that cannot be read.
   */
  async of(path: string, maxBytes: number): Promise<string | undefined> {
    try {
      const { size, mtimeMs } = await stat(path);
      const known = this.#known.get(path);
      if (known?.sizeBytes === size && known.modifiedMs === Math.floor(mtimeMs)) return known.sha256;
      const { sizeBytes, modifiedMs, sha256 } = await readImage(path, maxBytes);
      this.#known.set(path, { sizeBytes, modifiedMs, sha256 });
      return sha256;
    } catch {
      return undefined; // gone, too large or no file
    }
  }
}
