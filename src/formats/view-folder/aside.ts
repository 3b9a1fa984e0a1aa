import { basename, dirname, join } from 'node:path';
import { withWriteErrors } from '../../disk/write-failure.js';
import { statsOf } from './disk-state.js';
import { moveFile } from './move-file.js';

/**
 * Where edited files are moved before they are replaced: in the run's own folder, which is never searched for images.
 */
export class Aside {
  readonly folder: string; // made when the first file is moved
  readonly #moves = new Map<string, Promise<void>>(); // a folder that is in the way concerns many files

  /** @param outDir - Absolute folder of the view. */
  constructor(outDir: string) {
    const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
    this.folder = join(dirname(outDir), '.preannotate', 'changed', time, basename(outDir));
  }

  /** @param root - Absolute folder of the view, without links. @param path - Relative to it. */
  async move(root: string, path: string): Promise<void> {
    const place = join(root, path);
    const move = this.#moves.get(path) ?? withWriteErrors(place, () => this.#moveIfThere(place, path));
    this.#moves.set(path, move);
    await move;
  }

  /** A file behind a link is no longer there once the link was moved. */
  async #moveIfThere(place: string, path: string): Promise<void> {
    if ((await statsOf(place)) !== undefined) await moveFile(place, join(this.folder, path));
  }
}
