import { printable } from '../../core/text.js';
import { NameList } from '../../core/name-list.js';

/** A file that the user changed or deleted, or put where one is to be written. */
export interface EditedFile {
  readonly path: string; // relative to the view
  readonly isDeleted: boolean;
  readonly isReplaced: boolean; // after it was moved aside, or written again; otherwise it stays as it is
  readonly isRewritten?: boolean; // a copy of an image, which a training program may have changed as well
  readonly isStale?: boolean; // the view no longer has such a file: its image is gone, or is called otherwise
}

/** Collects the edited files of a view for a message, which names the first few. */
export class EditedFiles {
  readonly #kept = new NameList();
  readonly #stale = new NameList();
  readonly #replaced = new NameList();
  readonly #rewritten = new NameList();

  add(file: EditedFile): void {
    const { path, isDeleted } = file;
    this.#listOf(file).add(isDeleted ? `${path} (deleted)` : path);
  }

  #listOf({ isReplaced, isRewritten, isStale }: EditedFile): NameList {
    if (isRewritten === true) return this.#rewritten;
    if (isReplaced) return this.#replaced;
    return isStale === true ? this.#stale : this.#kept;
  }

  /** Those that have a new version. */
  get kept(): number {
    return this.#kept.count;
  }

  /** @param outDir - Folder of the view. @param aside - Where replaced files are. */
  notes(outDir: string, aside: string): string[] {
    const view = printable(outDir);
    const kept =
      `Files in ${view} that were edited stay as they are: ${this.#kept.summary}. Their new versions are in ` +
      `${view}.new; --overwrite-edited puts them in place.`;
    const stale =
      `Files in ${view} that were edited stay although they are no longer part of it: ` + `${this.#stale.summary}.`;
    const replaced =
      `Files in ${view} that were edited have been replaced: ${this.#replaced.summary}. The edited versions are in ` +
      `${printable(aside)}.`;
    const rewritten =
      `Copies of images in ${view} that were changed, by you or by a training program, are now in ` +
      `${printable(aside)}, because their images have changed or left the view: ${this.#rewritten.summary}.`;
    return [
      ...(this.#kept.count > 0 ? [kept] : []),
      ...(this.#stale.count > 0 ? [stale] : []),
      ...(this.#replaced.count > 0 ? [replaced] : []),
      ...(this.#rewritten.count > 0 ? [rewritten] : []),
    ];
  }
}
