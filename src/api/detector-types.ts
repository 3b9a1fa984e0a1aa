import type { DeviceOptions, ImageLimits, ModelOptions, Ontology, RemoteOptions, SelectionOptions } from './options.js';

/** What a detector is opened with. Neither PREANNOTATE_ variables nor a preannotate.yaml count, unless it is named. */
export interface DetectorOptions extends ModelOptions, SelectionOptions, DeviceOptions, ImageLimits, RemoteOptions {
  readonly config?: string | undefined; // path of a YAML file with more options
  readonly signal?: AbortSignal | undefined; // ends opening, with its reason
  readonly onNote?: ((message: string) => void) | undefined; // what `preannotate run` would print
  readonly onDownload?: ((bytes: DownloadCounts) => void) | undefined; // of a model that is not on this machine
}

/** How far a download is: bytes of all files together. */
export interface DownloadCounts {
  readonly done: number;
  readonly total: number;
}

/** How one image is looked at. What is left out is as the detector was opened. */
export interface DetectOptions extends SelectionOptions {
  readonly ontology?: Ontology | undefined;
  readonly signal?: AbortSignal | undefined; // the call rejects with its reason
}

/** One object. */
export interface DetectedBox {
  readonly class: string; // name in the ontology
  readonly prompt: string; // the wording that found it, or the example picture
  readonly score: number; // 0 to 1, 5 decimals
  /** Left, top, right, bottom (xyxy, as `POST /predict` has it): pixels of the upright image, inside it, 2 decimals. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

/** What was found in one image. */
export interface DetectedImage {
  readonly width: number; // pixels, upright: as EXIF says it is to be shown
  readonly height: number;
  readonly boxes: readonly DetectedBox[]; // best score first
  readonly degraded?: string; // what is wrong with an image of which only a part could be decoded
}

/** A model that is loaded in processes of its own, until it is disposed of. */
export interface Detector {
  readonly model: string; // as it was asked for
  readonly sha256: string; // of its weights
  readonly precision: 'fp32' | 'fp16' | 'int8';
  readonly devices: readonly string[]; // cpu, cuda:0 …
  readonly capacity: number; // calls at once that keep every device busy

  /**
   * Finds objects in an image. Calls may be made at once: they share forward passes.
   *
   * @param image - Path of a file; a URL (file:, http:, https: or s3:); or the bytes of an encoded image (JPEG, PNG,
   *   WebP, TIFF, GIF, AVIF, BMP), which must not be changed until the call is settled.
   * @throws PreannotateError why this image has no answer (IMAGE_…, URL_…, WORKER_CRASHED), or none can have one.
   */
  detect(image: string | URL | Uint8Array, options?: DetectOptions): Promise<DetectedImage>;

  /** Ends the processes. Calls that are not settled reject with the code STOPPED. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
