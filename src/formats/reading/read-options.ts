import type { Size } from '../../core/box.js';
import type { DataSet } from '../../core/data-set/data-set.js';

/** What readers tell apart of entries that cannot be used. */
export type EntryRule =
  'file-unreadable' | 'class-unknown' | 'image-unknown' | 'coco-image-id-duplicate' | 'coco-category-id-duplicate';

/** An entry of a data set that cannot be used. */
export interface EntryProblem {
  readonly where: string; // `labels/a.txt:3`, `instances.json, annotation 17`
  readonly problem: string; // follows it: `has no class`
  readonly hint?: string | undefined; // how to correct it
  readonly rule?: EntryRule; // the kind of mistake; left out: another one
}

/** What a reader needs that is not in the files of its format. */
export interface ReadOptions {
  /** Absolute folder that image names are relative to; left out: where the format has the images. */
  readonly imagesRoot?: string | undefined;
  /**
   * The size of an upright image, for formats that state fractions and no sizes.
   *
   * @param image - Its name, and its file where the reader knows it.
   * @returns undefined where there is no such image.
   */
  readonly sizeOf: (image: { readonly name: string; readonly path: string | undefined }) => Promise<Size | undefined>;
  /** The data set whose numbers of images and classes a file of results uses; left out: the one beside it, if any. */
  readonly numberedAs?: DataSet | undefined;
  /** Called for an entry that cannot be used, which is then left out. Left out: the first one throws. */
  readonly onProblem?: ((problem: EntryProblem) => void) | undefined;
}
