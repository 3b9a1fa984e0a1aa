import type { DataSet } from '../core/data-set/data-set.js';
import type { ViewImage } from '../core/image.js';
import type { ImageFiles } from '../core/image-files.js';
import type { Ontology } from '../core/ontology.js';
import type { PartName } from '../core/data-set/split.js';
import type { DataSetProbe } from './reading/probe.js';
import type { ReadOptions } from './reading/read-options.js';

/** Everything a format needs to write itself. */
export interface View {
  /** Sorted by name (UTF-8 bytes), without failed images. Can be iterated repeatedly; reads the journal each time. */
  readonly images: AsyncIterable<ViewImage>;
  /**
   * Names of annotated images that are left out: their files are gone or have changed, or nothing was found in them.
   * Sorted like the images.
   */
  readonly listHidden?: () => Promise<readonly string[]>;
  readonly countLeftOut?: () => number; // images with nothing found that are left out, once all others were read
  readonly parts?: readonly PartName[] | undefined; // that the images are divided into; undefined: they are not
  /** Those of one part; without it, they are found among all. */
  readonly imagesOf?: ((part: PartName) => AsyncIterable<ViewImage>) | undefined;
  readonly hasReview?: boolean; // people have decided on boxes of the run
  readonly onlyReviewed?: boolean | undefined; // all images are accepted
  readonly ontology: Ontology;
  readonly root: string | undefined; // absolute folder that image names are relative to; undefined: all are remote
  readonly remote?: RemoteSource | undefined; // fetches remote images; left out where none is needed
  readonly outDir: string; // absolute folder of this format, made by the format: <out>/<format>
  readonly provenance: Provenance;
  readonly signal?: AbortSignal; // stops fetching remote images
  readonly imageFiles?: ImageFiles | undefined; // undefined: as suits the readers of the format
  readonly uprightWriter?: UprightWriter | undefined; // writes turned images; undefined: they are as the user has them
  readonly onMissingCopy?: () => void; // of a remote image: its download failed, or it has changed
  readonly overwriteEdited: boolean; // files that the user edited are moved aside and replaced
  readonly throwIfStopped: () => Promise<void>; // throws once no more may be written
  readonly madeFrom?: ViewInputs | undefined; // left out where the view is made in any case
}

/** Writes copies of images that their EXIF orientation turns, for readers that ignore it. */
export interface UprightWriter {
  /** Whether the orientation of a file turns it. */
  isTurned(path: string): Promise<boolean>;
  /** @returns false where the image cannot be decoded. @throws Error of the system, where the copy cannot be written */
  write(source: string, target: string): Promise<boolean>;
}

/** What a view is made from, so that one that is there, as it was made from the same, is not made again. */
export interface ViewInputs {
  readonly digest: string; // changes with everything that decides what is in the files, and in the notes on them
  readonly counts: () => Promise<unknown>; // of the images and boxes, to be restored where they are not counted again
  readonly restoreCounts: (counts: unknown) => boolean; // false: it cannot use them
}

/** Fetches remote images. */
export interface RemoteSource {
  /**
   * @returns The bytes of the image, until they are disposed of.
   * @throws PreannotateError whose message names the image; the signal's reason
   */
  fetch(
    image: { readonly name: string; readonly url: string },
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array } & Disposable>;
}

/** What made the annotations. The same for every run of the same job. */
export interface Provenance {
  readonly version: string; // of preannotate
  readonly model: string; // as the user wrote it
  readonly modelSha256: string;
  readonly year: number; // in which the output folder was started
}

/**
 * A view that keeps its trees of files one folder deeper than earlier versions did: `labels/train/a.txt`, which was
 * `labels/a.txt`.
 */
export interface Layout {
  readonly trees: readonly string[]; // folders at the top of the view
  readonly subfolder: string; // of each; the record names it
}

/** A format, written as a view of the journal. Adding one is one file and one line in `index.ts`. */
export interface AnnotationFormat {
  readonly title: string;
  /** Raised when the same images give other files or notes, so that views that are there are made again. */
  readonly form: number;
  /**
   * A file of the view with the word `preannotate` in its first 4 KB, by which a folder without a record of written
   * files is recognised as a view of version 0.1. Other folders are never written.
   */
  readonly signature: string;
  /** The file that programs open, in the folder of the view; empty where they open the folder. */
  readonly opened: string;
  /**
   * Writes the whole view. Files get their final names when they are complete.
   *
   * @returns Notes for the user, a sentence each: what was edited, renamed, left out or written twice.
   */
  write(view: View): Promise<string[]>;
  /** Whether a path holds a data set of this format, judged by content: by what `read` opens first. */
  recognise(probe: DataSetProbe): Promise<boolean>;
  /**
   * Reads a data set of this format, written by this program or exported by another one.
   *
   * @param probe - Of a path that {@link recognise} takes, or that the user says is of this format.
   * @throws PreannotateError DATA_SET_INVALID naming the file and the line or id, and how to fix it.
   */
  read(probe: DataSetProbe, options: ReadOptions): Promise<DataSet>;
  /** The classes in the order in which files number them, for a format whose files have no names of classes. */
  readonly classOrder?: (ontology: Ontology) => string[];
  /** The view has the images beside its labels: so, unless asked otherwise. */
  readonly images?: ImageFiles;
  /** Where files are one folder deeper than earlier versions wrote them. */
  readonly layout?: Layout;
}
