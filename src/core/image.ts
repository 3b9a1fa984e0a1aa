import type { Detection } from './detection.js';
import type { Failure } from './errors.js';

/** An image to annotate: where its bytes are, and the name it has in every output. */
export interface ImageSource {
  readonly name: string; // path relative to the run's root, forward slashes
  readonly path: string; // absolute
}

/** An image with its detections: all that the model said, or those a view selected. */
export interface AnnotatedImage {
  readonly name: string;
  readonly width: number; // pixels, upright (EXIF applied)
  readonly height: number;
  readonly detections: readonly Detection[];
}

/** What the bytes of an image were when it was annotated. */
export interface ContentStamp {
  readonly sizeBytes: number;
  readonly modifiedMs: number; // the file's mtime, whole milliseconds since 1970
  readonly sha256: string; // of the bytes that were decoded
}

/** An annotated image as the journal keeps it. */
export interface ImageResult extends AnnotatedImage, ContentStamp {
  readonly degraded?: string; // what the decoder said of lost blocks
}

/** What became of one image. A failed image never costs another one. */
export type ImageOutcome =
  | { readonly ok: true; readonly result: ImageResult }
  | { readonly ok: false; readonly name: string; readonly failure: Failure };

/** An annotated image as the views get it: `detections` are those that were selected. */
export interface ViewImage extends AnnotatedImage {
  readonly id: number; // from 1; stays with the image for as long as the output folder is used
  readonly stored: readonly Detection[]; // all that the journal keeps, before thresholds and suppression
}
