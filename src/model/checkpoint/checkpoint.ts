import type { Precision } from '../../core/precision.js';
import type { CheckpointWeights } from './weight-files.js';

/**
 * A checkpoint in Hugging Face layout: its configuration, and where each weight is. Weights themselves are not read.
 * Plain data: it travels to the workers.
 */
export interface Checkpoint<Config = unknown> extends CheckpointWeights {
  readonly folder: string; // as the user named it
  readonly modelType: string; // `model_type` of config.json: which family understands the rest
  readonly config: Config; // what the family reads of config.json
  readonly preprocessor: Preprocessor;
  readonly exported?: ExportFile; // of an ONNX export, which has no tensors of its own
}

/** How levels of 0–1 are normalised, per channel: (level - mean) / std. */
export interface Preprocessor {
  readonly image_mean: readonly number[];
  readonly image_std: readonly number[];
}

/** A monolithic export for transformers.js: which file of it is used, and where that file's weights are. */
export interface ExportFile {
  readonly path: string; // as the user named it
  readonly precision: Precision;
  readonly fileOf: ReadonlyMap<string, string>; // where the graph says that weights are: the file's real name
}
