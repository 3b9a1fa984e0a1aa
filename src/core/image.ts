import type { Detection } from './detection.js';
import type { Failure } from './errors.js';
import type { PartName } from './data-set/split.js';
import type { ViewBox } from './review/view-box.js';

/** An image file to annotate, by the name it has in every output. */
export interface ImageFile {
  readonly name: string; // path relative to a folder that is given once for all of them; forward slashes
  /** Where a remote image is fetched from: http, https or s3. It may hold secrets: it is never stored or logged. */
  readonly url?: string;
  readonly listed?: ListedObject; // of a remote image: what the listing that names it says of it
  readonly known?: Pick<ContentStamp, 'sha256' | 'sizeBytes'>; // its features are stored under: it is not read then
}

/** An object as a listing of its bucket describes it. */
export interface ListedObject {
  readonly sizeBytes: number;
  readonly etag: string | undefined;
}

/** An image that came as its encoded bytes (JPEG, PNG …), and what messages call it. */
export interface ImageBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An image to annotate: the name of its file, or its bytes. */
export type ImageSource = ImageFile | ImageBytes;

/** How long one image took on its way, in milliseconds; it shares the times of the worker with its whole chunk. */
export interface ImageTiming {
  readonly queue: number; // until it was handed to a worker
  readonly decode: number; // reading, decoding and resizing, summed over the chunk
  readonly infer: number; // of the chunk
}

/** Milliseconds spent in each stage. Stages overlap, so they do not add up to the time passed. */
export interface StageTimes {
  readonly read: number;
  readonly decode: number;
  readonly resize: number;
  readonly infer: number; // the device was busy
  readonly wait: number; // the device waited for images
}

export const NO_TIMES: StageTimes = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };

/** An image with its detections: all that the model found, or those a view selected. */
export interface AnnotatedImage {
  readonly name: string;
  readonly width: number; // pixels, upright (EXIF applied)
  readonly height: number;
  readonly detections: readonly Detection[];
}

/** What the bytes of an image were when it was annotated. */
export interface ContentStamp {
  readonly sizeBytes: number;
  readonly modifiedMs: number; // the file's mtime, whole milliseconds since 1970; 0 where it is not known
  readonly sha256: string; // of the bytes that were decoded
  readonly etag?: string; // that a server gave these bytes
  readonly url?: string; // that they were fetched from, where it holds no secret
}

/** An annotated image as the journal keeps it. */
export interface ImageResult extends AnnotatedImage, ContentStamp {
  readonly encoding?: string; // what the file holds, whatever its name: JPEG, PNG, float TIFF
  readonly phash?: string; // of what it looks like: 16 hexadecimal digits; missing in journals of earlier versions
  readonly degraded?: string; // what is wrong with the file, of which only a part may be decoded
}

/** What became of one image. A failed image never costs another one. */
export type ImageOutcome = (
  | { readonly ok: true; readonly result: ImageResult }
  | { readonly ok: false; readonly name: string; readonly failure: Failure }
) & { readonly timing?: ImageTiming };

/** An annotated image as the views get it. */
export interface ViewImage extends Omit<AnnotatedImage, 'detections'>, Pick<ContentStamp, 'sizeBytes' | 'sha256'> {
  readonly detections: readonly ViewBox[]; // those that were selected, and what people have decided
  readonly id: number; // from 1; stays with the image for as long as the output folder is used
  readonly stored: readonly Detection[]; // all that the journal keeps, before thresholds and suppression
  readonly encoding?: string; // as in ImageResult; missing in journals of earlier versions
  readonly isDegraded?: boolean; // it was decoded in part
  readonly isAccepted?: boolean; // by a person, who has decided all its boxes
  readonly part?: PartName; // where the images are divided
  readonly isMissing?: boolean; // its file is gone, and it is to stay in the views
  readonly url?: string; // of a remote image, where it is known; it may hold secrets
  readonly publicUrl?: string; // the same where it holds none, as the journal has it
}
