import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import { withWriteErrors } from '../../disk/write-failure.js';

/** Windows without the privilege, FAT, some network drives. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];
const NO_HARD_LINK = [...NO_LINKS, 'EXDEV', 'EMLINK', 'ENOENT'];

/** Writes the many small files of a view, without syncing each: the folder gets its name when it is complete. */
export class YoloTree {
  readonly #folder: string;
  readonly #made = new Map<string, Promise<unknown>>(); // each folder once
  unlinked = 0; // images that could not be linked

  /** @param folder - Absolute and without links, so that relative links are right; a sibling of its final place. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async makeFolder(path: string): Promise<void> {
    const folder = join(this.#folder, path);
    const making = this.#made.get(folder) ?? mkdir(folder, { recursive: true });
    this.#made.set(folder, making);
    await withWriteErrors(folder, () => making);
  }

  async write(path: string, content: string): Promise<void> {
    const place = join(this.#folder, path);
    await this.makeFolder(dirname(path));
    await withWriteErrors(place, () => writeFile(place, content));
  }

  /** Relative, so that the folder can be moved together with the images; a hard link where links are not permitted. */
  async link(path: string, source: string): Promise<void> {
    const place = join(this.#folder, path);
    await this.makeFolder(dirname(path));
    try {
      await symlink(relative(dirname(place), source), place);
    } catch (error) {
      await withWriteErrors(place, () => this.#linkOtherwise(error, source, place));
    }
  }

  async #linkOtherwise(refused: unknown, source: string, place: string): Promise<void> {
    if (!NO_LINKS.includes(systemCodeOf(refused) ?? '')) throw refused;
    try {
      await link(source, place);
    } catch (error) {
      if (!NO_HARD_LINK.includes(systemCodeOf(error) ?? '')) throw error;
      this.unlinked++; // labels are useful without their images
    }
  }
}
