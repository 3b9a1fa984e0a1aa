import type { FeatureDtype } from '../core/inference/feature-dtype.js';

/** The features of an image with more tiles than this allows are not stored: they are in memory as a whole. */
export const MAX_FEATURE_BYTES = 256_000_000;

/** Plain JSON. */
export type KeyValue = string | number | boolean | null | readonly KeyValue[] | { readonly [name: string]: KeyValue };

/** Everything that decides what the image encoder gives for the bytes of an image. */
export interface FeatureKey {
  readonly [name: string]: KeyValue;
}

/** One tensor, row by row, little-endian. */
export interface FeatureTensor {
  readonly type: FeatureDtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array; // where it was read: begins at a multiple of its type's width in its buffer
}

/** What the image encoder gave for an image, and what else a journal line of it says. */
export interface ImageFeatures {
  readonly sha256: string; // hex, of the image's bytes
  readonly sizeBytes: number; // of the image
  readonly width: number; // pixels, of the upright image
  readonly height: number;
  readonly encoding: string;
  readonly phash: string;
  readonly degraded?: string;
  readonly tensors: ReadonlyMap<string, FeatureTensor>; // of all crops, in their order; a whole image is one crop
}

/** The same, to be stored: the rows of a tensor may be in several buffers, such as one for each crop. */
export interface NewImageFeatures extends Omit<ImageFeatures, 'tensors'> {
  readonly tensors: ReadonlyMap<
    string,
    Omit<FeatureTensor, 'data'> & { readonly data: Uint8Array | readonly Uint8Array[] }
  >;
}

/** What is wrong with the store, or was removed from it. It costs time only: features are computed again. */
export interface StoreProblem {
  readonly kind: 'damaged' | 'unreadable' | 'unwritable' | 'too-large' | 'removed';
  readonly message: string; // names the file, and what was done
}
