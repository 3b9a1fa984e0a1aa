import type { DetectedBox, DownloadCounts } from './detector-types.js';
import type {
  DeviceOptions,
  Format,
  ImageLimits,
  LockOptions,
  ModelOptions,
  RemoteOptions,
  SelectionOptions,
  ViewOptions,
} from './options.js';

/** What a run annotates and writes. Neither PREANNOTATE_ variables nor a preannotate.yaml count, unless it is named. */
export interface AnnotateOptions
  extends
    ModelOptions,
    SelectionOptions,
    DeviceOptions,
    ImageLimits,
    RemoteOptions,
    ViewOptions,
    LockOptions,
    AnnotateCallbacks {
  readonly paths: string | readonly string[]; // folders, files, globs; or addresses and lists of them: @urls.txt
  readonly out?: string | undefined; // folder for the results; default ./annotations
  readonly config?: string | undefined; // path of a YAML file with more options
  readonly recursive?: boolean | undefined; // default true
  readonly include?: string | readonly string[] | undefined; // globs
  readonly exclude?: string | readonly string[] | undefined;
  readonly ext?: string | readonly string[] | undefined; // endings of file names, without the dot
  readonly limit?: number | undefined; // only the first n images by name
  readonly sample?: number | undefined; // only n images from all over the folders
  readonly retryFailed?: boolean | undefined; // only the images that failed in the last run
  readonly watch?: boolean | undefined; // annotates images as they arrive, until `signal` or `maxRuntime` ends it
  readonly shard?: string | undefined; // only part i of n: '1/4'
  readonly restart?: boolean | undefined; // annotates everything again
  readonly acceptMissing?: boolean | undefined; // annotated images that are gone may leave the files, however many
  readonly keepMissing?: boolean | undefined; // they stay
  readonly maxErrors?: number | string | undefined; // images that may fail: a number, or '5%'
  readonly maxRuntime?: number | string | undefined; // seconds, or '50m', after which the run stops
  readonly features?: string | undefined; // folder for what the image encoder gives
  readonly featuresDtype?: 'float16' | 'float32' | undefined;
  readonly featuresMaxBytes?: number | string | undefined;
  readonly queue?: string | undefined; // Redis through which workers elsewhere take the images
  readonly queueCa?: string | undefined;
}

/** How a run reports, and is stopped. What a callback throws stops the run as `signal` does. */
export interface AnnotateCallbacks {
  readonly signal?: AbortSignal | undefined; // stops the run, which rejects with its reason; the same call continues it
  readonly onProgress?: ((progress: AnnotateProgress) => void) | undefined; // after each image
  readonly onNote?: ((message: string) => void) | undefined; // what `preannotate run` would print
  readonly onDownload?: ((bytes: DownloadCounts) => void) | undefined; // of a model that is not on this machine
}

/** How far a run is, in images. */
export interface AnnotateProgress {
  readonly total: number; // of a watch, those that have arrived
  readonly done: number; // those of earlier runs and those that failed among them
  readonly failed: number;
}

/** An image that could not be annotated, or a folder that could not be listed. The next run tries it again. */
export interface ImageFailure {
  readonly image: string; // name, or that of the folder
  readonly code: string; // such as IMAGE_UNDECODABLE
  readonly message: string;
  readonly hint?: string; // what to do
}

/** Images of an output folder. */
export interface RunCounts {
  readonly found: number;
  readonly annotated: number; // in the annotation files
  readonly failed: number; // in the last run; folders that could not be listed too
}

/** What annotation files have. */
export interface BoxCounts {
  readonly boxes: number;
  readonly boxesByClass: Readonly<Record<string, number>>; // by name, in the order of the ontology
  readonly imagesWithoutBoxes: number;
  readonly degraded: number; // images that were decoded in part
}

/** What a run did. */
export interface AnnotateResult extends RunCounts, BoxCounts {
  readonly outDir: string; // absolute
  readonly status: 'done' | 'unfinished'; // unfinished: stopped by `maxRuntime`, or a watch that has ended
  readonly resumed: number; // images that earlier runs had annotated
  readonly exceedsMaxErrors: boolean; // more images failed than `maxErrors` allows: `preannotate run` exits with 3
  readonly missingPreviews: number; // pictures that could not be drawn
  readonly missingCopies: number; // of remote images, that could not be downloaded
  readonly failures: readonly ImageFailure[]; // the first 1,000 by name; `readRun(outDir).failures()` has all
}

/** An output folder, as it was when it was opened. */
export interface Run extends RunCounts {
  readonly outDir: string; // absolute
  readonly status: 'running' | 'unfinished' | 'done'; // running: or it was killed
  readonly created: string; // ISO 8601
  readonly version: string; // of preannotate
  readonly model: { readonly reference: string; readonly sha256: string };
  readonly classes: readonly RunClass[];
  readonly formats: readonly string[]; // that the run was asked for
  readonly written: BoxCounts | undefined; // by the last run; undefined where it did not come to it
  readonly scoreFloor: number; // scores above it are kept, and so can be asked for
  readonly imagesFolder: string | undefined; // that image names are relative to; of remote images there is none
  readonly notes: readonly string[]; // what of the folder was damaged, and what is used instead

  /** The images that were annotated, by name. They are read one by one; several loops may go on at once. */
  images(options?: RunImagesOptions): AsyncIterable<RunImage>;
  /** What failed in the last run. */
  failures(): AsyncIterable<ImageFailure>;
  /** Writes annotation files again, as `preannotate export` does: no model is needed. */
  export(options?: ExportOptions): Promise<ExportResult>;
}

/** A class of a run. */
export interface RunClass {
  readonly id: number; // as annotation files number it
  readonly name: string;
  readonly prompts: readonly string[];
  readonly threshold: number; // that the run's annotation files have
}

/** Which boxes are given. What is left out is as in the run. */
export interface RunImagesOptions extends SelectionOptions {
  readonly reviewed?: boolean | undefined; // false: boxes of the model, whatever people have decided; default true
  readonly signal?: AbortSignal | undefined; // the loop ends with its reason
}

/** A box of a run. */
export interface RunBox extends Omit<DetectedBox, 'prompt'> {
  readonly prompt: string | undefined; // undefined where a person has drawn the box, or given it another class
  readonly review?: 'kept' | 'corrected' | 'drawn'; // by a person; the score is 1 then. Left out of the model's boxes
}

/** An annotated image. */
export interface RunImage {
  readonly name: string; // path below the folder of images, with forward slashes
  readonly id: number; // as annotation files number it
  readonly width: number; // pixels, upright
  readonly height: number;
  readonly state: 'unreviewed' | 'open' | 'accepted'; // open: people have decided on some of its boxes
  readonly isDegraded: boolean; // it was decoded in part
  readonly isMissing: boolean; // its file is gone, and `keepMissing` keeps it
  readonly boxes: readonly RunBox[]; // those that people decided on first, then best score first
}

/** What is written again. What is left out is as in the run. */
export interface ExportOptions extends SelectionOptions, ViewOptions, LockOptions, RemoteOptions {
  readonly config?: string | undefined; // path of a YAML file with more options
  readonly imagesRoot?: string | undefined; // folder in which the images are now, if they were moved
  readonly signal?: AbortSignal | undefined; // stops between two images; the next export completes the files
  readonly onNote?: ((message: string) => void) | undefined; // what `preannotate export` would print
}

/** What was written. */
export interface ExportResult extends RunCounts, BoxCounts {
  readonly formats: readonly Format[];
  readonly missingPreviews: number;
  readonly missingCopies: number;
}
