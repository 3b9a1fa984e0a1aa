import type { z } from 'zod';
import type { Fit } from '../core/inference/input-form.js';
import type { Artifact, ArtifactOptions, ImageSize } from './artifact.js';
import type { Checkpoint, Preprocessor } from './checkpoint/checkpoint.js';
import type { QuantisationStep } from './quantise/quantised-weights.js';
import type { PromptTokenizer } from './tokenizer.js';

/**
 * A family of models: everything that depends on what kind of model a checkpoint holds. `families.ts` lists them;
 * nothing outside a family's own folder looks into its configuration.
 */
export interface ModelFamily<Config = unknown> {
  readonly modelType: string; // `model_type` of config.json: which checkpoints belong to it
  readonly title: string; // what messages call it

  /** Workers get checkpoints that were read before: they do not load the schemas, and start sooner. */
  loadSchemas(): Promise<CheckpointSchemas<Config>>;

  /**
   * Compares what config.json says with the weights.
   *
   * @throws PreannotateError MODEL_INVALID naming config.json and the key.
   */
  requireMatchingWeights?(checkpoint: Checkpoint<Config>): Promise<void>;

  /** What the rest of the program needs to know of a model. */
  traits(checkpoint: Checkpoint<Config>): ModelTraits;

  /** @throws PreannotateError MODEL_INVALID */
  openTokenizer(checkpoint: Checkpoint<Config>): Promise<PromptTokenizer>;

  /**
   * The graphs that sessions open, in whatever form the checkpoint came.
   *
   * @throws PreannotateError MODEL_INVALID naming the file, here or when one of its graphs is built.
   */
  openArtifact(checkpoint: Checkpoint<Config>, options: ArtifactOptions): Promise<Artifact>;

  /** How everything that the image graph reads is made in 8 bits. */
  planQuantisation(checkpoint: Checkpoint<Config>): Promise<readonly QuantisationStep[]>;
}

/** What a family reads of the JSON files of a checkpoint. */
export interface CheckpointSchemas<Config> {
  readonly config: z.ZodType<Config>; // of config.json
  readonly preprocessor: z.ZodType<Preprocessor>; // of preprocessor_config.json
}

/** What the rest of the program needs to know of a model, whatever its family. */
export interface ModelTraits {
  readonly title: string; // of the family
  readonly fit: FamilyFit; // how an image fills the model's input
  readonly slicesPositions: boolean; // its original code cuts the learnt positions for a smaller input
  readonly takesParts: boolean; // its graph can leave out patches with nothing but padding
  readonly nativeSide: number; // pixels of the square that the model was trained with
  readonly patchSize: number; // pixels
  readonly embeddingWidth: number; // T, of a query
  readonly maxTokens: number; // of a prompt
  readonly takesExamples: boolean; // images as queries
  readonly hasObjectness: boolean; // it predicts how likely each box is an object, whatever the query
  readonly normalisesQueries: boolean; // in its own graph, also the mean of a prompt's texts
  readonly vision: EncoderSize;
  readonly text: EncoderSize;

  /**
   * The model's input for a requested size, or its own: the nearest that it can take.
   *
   * @throws PreannotateError CONFIG_INVALID when it takes one size only, and another is requested.
   */
  inputSize(requested?: ImageSize): ImageSize;

  /** Boxes that one input of this size gives, each under a `patchId` below this. */
  patches(size: ImageSize): number;

  /** Multiplications for one input of this size, to compare sizes by. */
  work(size: ImageSize): number;
}

/** What requested fits are for the models of a family. */
export interface FamilyFit {
  readonly auto: Fit;
  readonly letterbox: Fit;
  readonly unrecorded: Fit; // of journals that do not say, as those of version 0.1
}

export interface EncoderSize {
  readonly layers: number;
  readonly width: number; // numbers that are kept of a patch or a token
  readonly heads: number;
}
