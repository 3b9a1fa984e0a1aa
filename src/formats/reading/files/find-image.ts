import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';

/** Endings of files that are no images, and may have the name of one. */
const ANNOTATIONS = /\.(?:xml|json|txt|csv)$/i;

/** Finds the images that annotation files name, in the folders where data sets have them. */
export class ImageFinder {
  readonly #folders = new Map<string, Promise<FolderNames>>();

  /**
   * @param places - Absolute folders, in the order in which they are searched.
   * @param name - Path of the image in such a folder; its ending may be missing.
   * @returns Absolute path.
   */
  async find(places: readonly string[], name: string): Promise<string | undefined> {
    const folder = posix.dirname(name);
    const base = posix.basename(name);
    for (const place of places) {
      const images = await this.#list(join(place, folder));
      const found = images.names.has(base) ? base : images.byStem.get(base);
      if (found !== undefined) return join(place, folder, found);
    }
    return undefined;
  }

  #list(folder: string): Promise<FolderNames> {
    const listed = this.#folders.get(folder) ?? listImages(folder);
    this.#folders.set(folder, listed);
    return listed;
  }
}

/** The images of a folder. */
class FolderNames {
  readonly names: ReadonlySet<string>;
  #byStem: ReadonlyMap<string, string> | undefined;

  constructor(names: readonly string[]) {
    this.names = new Set(names);
  }

  get byStem(): ReadonlyMap<string, string> {
    return (this.#byStem ??= new Map([...this.names].reverse().map((name) => [stemOf(name), name])));
  }
}

async function listImages(folder: string): Promise<FolderNames> {
  const all = await readdir(folder).catch(() => []); // not there, or not readable: it has no images for us
  return new FolderNames(all.filter((name) => !ANNOTATIONS.test(name)).sort());
}

function stemOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? name : name.slice(0, dot);
}
