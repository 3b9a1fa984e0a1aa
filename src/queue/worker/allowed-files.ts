import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import type { ImageFile, ImageOutcome } from '../../core/image.js';
import { printable } from '../../core/text.js';

/** The folders that a worker may read from. Anyone who can write to the Redis can ask for any file. */
export class AllowedFolders {
  readonly #roots: readonly string[]; // real
  readonly given: readonly string[];

  private constructor(given: readonly string[], roots: readonly string[]) {
    this.given = given;
    this.#roots = roots;
  }

  /** @param roots - Absolute. One that does not exist allows nothing. */
  static async of(roots: readonly string[]): Promise<AllowedFolders> {
    const real = await Promise.all(roots.map((root) => realpath(root).catch(() => undefined)));
    return new AllowedFolders(
      roots,
      real.filter((root) => root !== undefined),
    );
  }

  /** Whether a file or folder lies in one of them, links followed. What is not there can be asked for. */
  async allows(path: string): Promise<boolean> {
    try {
      return this.#includes(await realpath(path));
    } catch (error) {
      return systemCodeOf(error) === 'ENOENT' && this.#includes(resolve(path));
    }
  }

  #includes(path: string): boolean {
    return this.#roots.some((root) => isWithin(path, root));
  }
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Why an image is not read, as its outcome; undefined where it may be. */
export async function refuseFile(
  { name }: ImageFile,
  { folder, allowed }: { readonly folder: string | undefined; readonly allowed: AllowedFolders },
): Promise<ImageOutcome | undefined> {
  if (folder !== undefined) {
    const path = resolve(folder, name);
    if (!isAbsolute(name) && isWithin(path, folder) && (await allowed.allows(path))) return undefined;
  }
  const message = `${printable(name)}: lies outside the folders that this worker may read.`;
  const hint = 'Start the workers with a --root that it lies in, links followed, or leave it out with --exclude.';
  return { ok: false, name, failure: { code: 'IMAGE_UNREADABLE', message, hint } };
}
