import type { Device, Optimizer } from '../core/device.js';
import type { Positions } from '../core/inference/input-form.js';
import type { FeatureDtype } from '../core/inference/feature-dtype.js';
import type { Precision } from '../core/precision.js';
import type { WeightFiles } from './checkpoint/weight-files.js';

/** The model's input, in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** What a session opens: a graph in memory over weights on disk. */
export interface GraphSource {
  readonly graph: Uint8Array;
  readonly weightsFolder: string;
}

/**
 * A checkpoint as sessions open it, in whatever form it came.
 *
 * The image graph finds boxes. Inputs: `pixels` [N, H, W, 3] uint8 RGB, normalised inside; `queries` [Q, T] unit
 * vectors, or means of such, which only exports normalise again; `groups` [G, M] the queries of each class (rows filled
 * up by repeating one of theirs); `offsets` [G] 0, or -infinity for a group whose boxes are dropped; `allowed` [N, G]
 * 0, or far below any logit for a group that an image does not look for. Outputs, P patches row by row: the K best
 * pairs of patch and group, best first: `scores` [N, K], `pairs` [N, K] patch * G + group, `members` [N, K] which of
 * the group's M queries won (the first of equals); and `boxes` [N, P, 4] cxcywh fractions of the model's input.
 *
 * The example graph turns pictures into queries. Input: `pixels`, as above. Outputs: `class_embeds` [N, P, T], not
 * normalised; `boxes` [N, P, 4]; and of models that predict it, `objectness_logits` [N, P].
 *
 * The text graph encodes prompts. Input: `input_ids` [Q, L] int64. Output: `embeddings` [Q, T], L2-normalised.
 */
export interface Artifact {
  readonly imagesAtOnce: number; // that one run may take
  readonly textsAtOnce: number;
  image(options: ImageGraphOptions): GraphSource;
  text(): GraphSource;
  readonly example?: (options: ExampleGraphOptions) => GraphSource; // of a model that takes examples
  readonly features?: FeatureGraphs; // of a model whose image graph can be had in two halves
}

/**
 * The image graph in two halves, which give the same boxes, bit by bit, where features are float32.
 *
 * The encoding graph computes what can be kept of an image, whatever is looked for later. Input: `pixels`, as above.
 * Outputs: `class_embeds` [N, P, T], normalised, in the type that is asked for; `logit_shift` and `logit_scale` [N, P]
 * (a logit is (similarity + shift) * scale); `boxes` [N, P, 4]; of models that predict it, `objectness_logits` [N, P];
 * and where it is asked for, `exact_class_embeds` [N, P, T] float32.
 *
 * The query graph finds boxes by them. Inputs: `class_embeds`, `logit_shift`, `logit_scale`, with a least objectness
 * `objectness_logits`; and `queries`, `groups`, `offsets`, `allowed`, as above. Outputs: `scores`, `pairs`, `members`.
 * With `oneQueryAClass` it is for one image whose groups are its queries, in their order, and none is dropped: it takes
 * `queries` alone, gives no `members`, and takes half the time.
 */
export interface FeatureGraphs {
  encoding(options: EncodingGraphOptions): GraphSource;
  query(options: QueryGraphOptions): GraphSource;
}

export interface EncodingGraphOptions extends ExampleGraphOptions {
  readonly dtype: FeatureDtype; // of `class_embeds`
  readonly exact?: boolean; // also as they were computed
}

export interface QueryGraphOptions extends Pick<ImageGraphOptions, 'size' | 'maxDetections' | 'minObjectness'> {
  readonly dtype: FeatureDtype; // of `class_embeds`
  readonly oneQueryAClass?: boolean;
}

export interface ExampleGraphOptions {
  readonly size: ImageSize;
  readonly positions?: Positions; // of patches; default: interpolate, as transformers does
  readonly pixelType?: 'uint8' | 'float32'; // float32, in the same 0–255, is for comparing with reference pixels
}

export interface ImageGraphOptions extends ExampleGraphOptions {
  readonly maxDetections: number; // K, an image; fewer where there are fewer pairs
  readonly minObjectness?: number; // 0–1; patches below it are out, as if dropped. Only where traits have objectness
  readonly partial?: boolean; // also takes the upper left part of an input, in whole patches; boxes are as in the whole
  readonly raw?: boolean; // also give every intermediate that reference outputs exist for
}

export interface ArtifactOptions {
  readonly precision: Precision;
  readonly device: Device; // whose operators suit it
  readonly imageWeights?: WeightFiles | undefined; // of the image graph; default: the checkpoint's
  readonly optimizer?: Optimizer; // default: onnxrt
}
