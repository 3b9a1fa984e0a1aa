import { lstat, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Size } from '../core/box.js';
import type { LabelledImage } from '../core/data-set/data-set.js';
import { readImageHeader, type ImageHeader } from '../images/header.js';
import { uprightSizeOf } from '../images/header-size.js';

const LOOKED_FOR = 1000; // images: where none of them is there, the data set is without its images
const KEPT_HEADERS = 256; // readers ask for an image's size shortly before it is checked

type Header = ImageHeader | 'missing' | 'unreadable';

/** Finds the images of a data set, and reads their headers. */
export class ImageFiles {
  readonly #given: string | undefined;
  #root: string | undefined;
  #arePresent = false;
  readonly #headers = new Map<string, Promise<Header>>();

  /**
   * @param root - Absolute folder of the images, where the user or a run names it.
   * @param areExpected - Whether images that are not there are missing, even if none is there.
   */
  constructor(root: string | undefined, areExpected: boolean) {
    this.#given = root;
    this.#root = root;
    this.#arePresent = areExpected;
  }

  /** Whether some images of the data set are there, or should be. */
  get arePresent(): boolean {
    return this.#arePresent;
  }

  /** Looks for the folder of the images, by the first of them. */
  async find(images: AsyncIterable<LabelledImage>): Promise<void> {
    if (this.#arePresent) return;
    let looked = 0;
    for await (const { name, file, imagePath } of images) {
      if (imagePath !== undefined && (await isFileOrLink(imagePath))) this.#arePresent = true;
      else if (imagePath === undefined) await this.#tryFolders(name, file);
      if (this.#arePresent || ++looked === LOOKED_FOR) return;
    }
  }

  /** Absolute path of an image; undefined where nothing tells. */
  pathOf({ name, imagePath }: LabelledImage): string | undefined {
    return imagePath ?? (this.#root === undefined ? undefined : join(this.#root, name));
  }

  header(path: string): Promise<Header> {
    const known = this.#headers.get(path);
    if (known !== undefined) return known;
    const header = readHeader(path);
    this.#headers.set(path, header);
    if (this.#headers.size > KEPT_HEADERS) this.#headers.delete(this.#headers.keys().next().value!);
    return header;
  }

  /** The size of the upright image. */
  async size(path: string): Promise<Size | undefined> {
    const header = await this.header(path);
    return typeof header === 'string' ? undefined : uprightSizeOf(header);
  }

  async #tryFolders(name: string, file: string): Promise<void> {
    const folder = dirname(file);
    const usual = [folder, join(folder, 'images'), join(dirname(folder), 'images'), dirname(folder)];
    for (const root of this.#given === undefined ? usual : [this.#given]) {
      if (!(await isFile(join(root, name)))) continue;
      this.#root = root;
      this.#arePresent = true;
      return;
    }
  }
}

/** A pipe would wait for its writer. */
async function readHeader(path: string): Promise<Header> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return 'missing';
  return stats.isFile() ? await readImageHeader(path) : 'unreadable';
}

/** A link was made for an image, wherever it leads to. */
async function isFileOrLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isFile() || stats.isSymbolicLink(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
