import type { Xyxy } from '../core/box.js';
import type { ExampleRule } from '../core/inference/example-rule.js';
import type { Device, Optimizer } from '../core/device.js';
import type { Failure } from '../core/errors.js';
import type { ExampleChoice } from '../core/seen-example.js';
import type { ImageFile, ImageOutcome, ImageSource, StageTimes } from '../core/image.js';
import type { FeatureCounts } from '../core/inference/feature-counts.js';
import type { InputForm } from '../core/inference/input-form.js';
import type { TileOptions } from '../core/tiling/tiles.js';
import type { FeatureKey } from '../features/image-features.js';
import type { Checkpoint } from '../model/checkpoint/checkpoint.js';
import type { WeightFiles } from '../model/checkpoint/weight-files.js';
import type { FeatureForm } from '../model/features/layout.js';
import type { ImageSize } from '../model/artifact.js';
import type { Precision } from '../core/precision.js';

/** How a worker opens the model and reads images; the same for every worker of a pool, but for the device. */
export interface WorkerSettings extends InputForm {
  readonly checkpoint: Checkpoint; // where its weights are; a worker maps them
  readonly precision: Precision;
  readonly imageWeights?: WeightFiles | undefined; // instead of the checkpoint's own, where the precision needs others
  readonly imageSize?: ImageSize;
  readonly tiles?: TileOptions; // else every image goes through the model as a whole
  readonly maxBatchSize: number; // inputs of one forward pass: images, or their tiles
  readonly threads: number; // of one operator, on a CPU
  readonly scoreFloor: number;
  readonly minObjectness?: number; // 0–1; patches below it give no boxes
  readonly maxDetections: number; // an image
  readonly maxPixels: number;
  readonly maxBytes: number;
  readonly strictImages: boolean;
  readonly optimizer: Optimizer;
  readonly imageFolder?: string | undefined; // that names of image files are relative to; without one, none is read
  readonly exampleRule: ExampleRule;
  readonly exampleFolder: string; // that names of examples are relative to
  readonly stageTimeoutSec?: number; // for reading or decoding one image; default 30
  readonly features?: FeatureSettings | undefined; // kept in a folder, and read from there
}

/** Where a worker keeps features. */
export interface FeatureSettings extends FeatureForm {
  readonly folder: string; // absolute
  readonly key: FeatureKey; // a worker adds its provider
  readonly label: string; // what people call the model
  readonly maxBytes?: number; // of the folder
  readonly writers: number; // processes that write to it at once
  readonly isReadOnly?: boolean; // nothing is kept, times of last use included
}

/** The settings that are options of commands, under the same names. */
export const WORKER_OPTIONS = [
  'scoreFloor',
  'minObjectness',
  'maxPixels',
  'maxBytes',
  'strictImages',
  'optimizer',
  'imageSize',
  'tiles',
  'exampleRule',
] as const satisfies readonly (keyof WorkerSettings)[];

/** An example image whose query is wanted. */
export interface ExampleRequest extends ImageFile {
  readonly sha256: string; // of the bytes that are meant
  readonly box?: Xyxy; // pixels of the upright image
}

/** What a worker turns into queries. */
export type ToEncode =
  | { readonly type: 'encode'; readonly tokenIds: readonly (readonly number[])[] }
  | { readonly type: 'encode-examples'; readonly examples: readonly ExampleRequest[] };

/** Queries, [count, T], in the order asked for; and which could not be made. A failed one's row is zeros. */
export interface Encoded {
  readonly embeddings: Float32Array;
  readonly choices: readonly (ExampleChoice | undefined)[]; // of examples
  readonly failures: readonly { readonly index: number; readonly failure: Failure }[];
}

/** What the parent sends. Names or encoded bytes go down and detections come up; pixels never cross. */
export type ToWorker =
  | { readonly type: 'open'; readonly device: Device; readonly settings: WorkerSettings }
  | (ToEncode & { readonly id: number })
  | {
      readonly type: 'queries';
      readonly key: string;
      readonly embeddings: Float32Array;
      readonly classIds: readonly number[];
    }
  | { readonly type: 'forget-queries'; readonly key: string } // not used for long
  | {
      readonly type: 'detect';
      readonly id: number;
      readonly images: readonly { readonly source: ImageSource; readonly queriesKey: string }[];
    }
  | { readonly type: 'cancel'; readonly id: number; readonly index: number } // an image of a chunk whose caller is gone
  | { readonly type: 'stop' };

/** What a worker answers. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'open-failed'; readonly failure: Failure } // it cannot work at all
  | ({ readonly type: 'encoded'; readonly id: number } & Encoded)
  | { readonly type: 'encode-failed'; readonly id: number; readonly failure: Failure } // these; others may succeed
  // An image was decoded, or a batch computed. @param encodes: features are used, and this image has none.
  | { readonly type: 'heartbeat'; readonly encodes?: boolean }
  | { readonly type: 'notice'; readonly message: string; readonly endsStoring?: boolean } // for the user, once for all
  | {
      readonly type: 'detected';
      readonly id: number;
      readonly outcomes: readonly ImageOutcome[]; // in the order of the images asked for
      readonly times: StageTimes; // since the last chunk that this worker answered, and so are the passes
      readonly passes: readonly number[]; // inputs of each forward pass that was computed
      readonly features?: FeatureCounts; // where they are kept
      readonly retire: boolean; // a decoder never came back: replace this worker
    };
