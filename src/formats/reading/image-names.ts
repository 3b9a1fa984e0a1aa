import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareUtf8, endingOf } from '../../core/text.js';

/** Endings of images that data sets hold, in lower case. */
const ENDINGS = new Set([
  ...['jpg', 'jpeg', 'jpe', 'jfif', 'jif', 'jfi', 'pjpeg', 'pjp', 'mpo', 'png', 'apng', 'webp', 'tif', 'tiff', 'gif'],
  ...['avif', 'bmp', 'dib', 'dng', 'heic', 'heif', 'pfm'],
]);

/** Whether a file is called as images are. */
export function isImageName(name: string): boolean {
  return ENDINGS.has(endingOf(name));
}

/**
 * The files below a folder, as paths relative to it, with forward slashes: sorted in each folder, in which sub-folders
 * come last. None where there is no such folder.
 */
export async function* listFilesBelow(folder: string, below = ''): AsyncGenerator<string> {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch(() => []);
  entries.sort((a, b) => compareUtf8(a.name, b.name));
  for (const entry of entries) if (!entry.isDirectory()) yield below + entry.name;
  for (const entry of entries) if (entry.isDirectory()) yield* listFilesBelow(folder, `${below}${entry.name}/`);
}

/** Finds images whose names are known but for their endings, such as those of label files. */
export class ImageFinder {
  readonly #root: string;
  #folder: string | undefined; // the last one: names come folder by folder
  #images = new Map<string, string>(); // by their names without the ending

  /** @param root - Absolute folder of the images. */
  constructor(root: string) {
    this.#root = root;
  }

  /** @param stem - Path relative to the root, without an ending. @returns The path with it, if there is such a file. */
  async find(stem: string): Promise<string | undefined> {
    const slash = stem.lastIndexOf('/') + 1;
    const folder = stem.slice(0, slash);
    if (folder !== this.#folder) {
      const names = await readdir(join(this.#root, folder)).catch(() => []);
      this.#images = new Map(names.filter(isImageName).map((name) => [withoutEnding(name), name]));
      this.#folder = folder;
    }
    const name = this.#images.get(stem.slice(slash));
    return name === undefined ? undefined : folder + name;
  }
}

/** A path up to the last dot of its file's name, as label files are named by it. */
export function withoutEnding(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') ? path.slice(0, dot) : path;
}
