import type { Device } from '../core/device.js';
import type { Checkpoint } from './checkpoint/checkpoint.js';
import type { WeightFiles } from './checkpoint/weight-files.js';
import { exportArtifact } from './export/artifact.js';
import type { ImageGraphOptions } from './owl/graphs.js';
import { ownArtifact } from './owl/artifact.js';
import type { Precision } from '../core/precision.js';

/** What a session opens: a graph in memory over weights on disk. */
export interface GraphSource {
  readonly graph: Uint8Array;
  readonly weightsFolder: string;
}

/** A checkpoint as sessions open it, in whatever form it came. Interfaces are those of `imageGraph` and `textGraph`. */
export interface Artifact {
  readonly imagesAtOnce: number; // that one run may take
  readonly textsAtOnce: number;
  image(options: ArtifactImageOptions): GraphSource;
  text(): GraphSource;
}

export type ArtifactImageOptions = Omit<ImageGraphOptions, 'weights' | 'half' | 'operators'>;

export interface ArtifactOptions {
  readonly precision: Precision;
  readonly device: Device; // whose operators suit it
  readonly imageWeights?: WeightFiles | undefined; // of the image graph; default: the checkpoint's
}

/** @throws PreannotateError MODEL_INVALID naming the file, here or when one of its graphs is built. */
export async function openArtifact(checkpoint: Checkpoint, options: ArtifactOptions): Promise<Artifact> {
  return checkpoint.exported === undefined
    ? ownArtifact(checkpoint, options)
    : exportArtifact(checkpoint, checkpoint.exported);
}
