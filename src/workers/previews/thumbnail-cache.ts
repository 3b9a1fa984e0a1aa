import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SHA256 = /^[\da-f]{64}$/;
const HEAD_BYTES = 8; // of a RIFF file, which its size does not count

/** Which thumbnail. */
export interface ThumbnailKey {
  readonly sha256: string; // of the image's bytes
  readonly sidePx: number; // of the square that it fits into
}

/** Thumbnails on disk, by the contents of images. Where it cannot be written, there are none. */
export class ThumbnailCache {
  readonly #folder: string;

  /** @param outDir - Output folder of a run. */
  constructor(outDir: string) {
    this.#folder = join(outDir, '.preannotate', 'thumbnails');
  }

  /** @returns undefined when there is none, or it is not whole. */
  async read(key: ThumbnailKey): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(key);
    if (path === undefined) return undefined;
    const bytes = await readFile(path).catch(() => undefined);
    const isWhole =
      bytes !== undefined &&
      bytes.length > HEAD_BYTES &&
      bytes.toString('latin1', 0, 4) === 'RIFF' &&
      bytes.readUInt32LE(4) + HEAD_BYTES === bytes.length;
    return isWhole ? bytes : undefined;
  }

  /** Without waiting for the disk: what a power cut damages is made again. */
  async write(key: ThumbnailKey, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    if (path === undefined) return;
    const temporary = `${path}-${randomBytes(4).toString('hex')}`;
    try {
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(temporary, bytes, { flag: 'wx' });
      await rename(temporary, path);
    } catch {
      await rm(temporary, { force: true }).catch(() => {}); // the disk is full, or read-only
    }
  }

  /** In 256 folders: some file systems are slow with a million files in one. */
  #pathOf({ sha256, sidePx }: ThumbnailKey): string | undefined {
    if (!SHA256.test(sha256)) return undefined; // of a journal that another program wrote
    return join(this.#folder, sha256.slice(0, 2), `${sha256}-${sidePx}.webp`);
  }
}
