import type { Device } from '../core/device.js';
import type { Failure } from '../core/errors.js';
import type { ImageOutcome, ImageSource } from '../core/image.js';
import type { Checkpoint } from '../model/checkpoint.js';
import type { ImageSize } from '../model/input-size.js';

/** How a worker opens the model and reads images; the same for every worker of a pool, but for the device. */
export interface WorkerSettings {
  readonly checkpoint: Checkpoint; // where its weights are; a worker maps them
  readonly imageSize?: ImageSize;
  readonly threads: number; // of one operator, on a CPU
  readonly scoreFloor: number;
  readonly maxDetections: number; // an image
  readonly maxPixels: number;
  readonly maxBytes: number;
  readonly strictImages: boolean;
  readonly optimize: boolean; // let ONNX Runtime rewrite the graph; off only to look for faults
}

/** What the parent sends. Paths go down and detections come up; pixels never cross. */
export type ToWorker =
  | { readonly type: 'open'; readonly device: Device; readonly settings: WorkerSettings }
  | { readonly type: 'encode'; readonly tokenIds: readonly (readonly number[])[] }
  | {
      readonly type: 'queries';
      readonly key: string;
      readonly embeddings: Float32Array;
      readonly classIds: readonly number[];
    }
  | {
      readonly type: 'detect';
      readonly id: number;
      readonly queriesKey: string;
      readonly images: readonly ImageSource[];
    }
  | { readonly type: 'stop' };

/** What a worker answers. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly failure: Failure } // it cannot work at all, and says why
  | { readonly type: 'encoded'; readonly embeddings: Float32Array }
  | { readonly type: 'alive' } // an image was decoded: the worker is not stuck
  | {
      readonly type: 'detected';
      readonly id: number;
      readonly outcomes: readonly ImageOutcome[]; // in the order of the images asked for
      readonly times: StageTimes;
      readonly retire: boolean; // a decoder never came back: replace this worker
    };

/** Milliseconds that a chunk of images took in each stage. Stages overlap, so they do not add up to the time passed. */
export interface StageTimes {
  readonly read: number;
  readonly decode: number;
  readonly resize: number;
  readonly infer: number; // the device was busy
  readonly wait: number; // the device waited for images
}
