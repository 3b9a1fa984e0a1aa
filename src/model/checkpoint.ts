import { existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, PreannotateError } from '../core/errors.js';
import type { StoredTensor } from '../onnx/graph.js';
import { readTensorIndex } from './safetensors.js';

/** Sizes of one of the two transformers; what config.json leaves out has the default of the original code. */
const Transformer = z.object({
  hidden_size: z.number().int().positive(),
  intermediate_size: z.number().int().positive(),
  num_hidden_layers: z.number().int().positive(),
  num_attention_heads: z.number().int().positive(),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
});

/** @see transformers `OwlViTConfig`, `Owlv2Config`: the defaults are theirs. */
const ModelConfig = z.object({
  model_type: z.enum(['owlvit', 'owlv2']),
  text_config: withDefaults(
    { hidden_size: 512, intermediate_size: 2048, num_hidden_layers: 12, num_attention_heads: 8 },
    Transformer.extend({ max_position_embeddings: z.number().int().positive().default(16) }),
  ),
  vision_config: withDefaults(
    { hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
    Transformer.extend({
      image_size: z.number().int().positive().default(768),
      patch_size: z.number().int().positive().default(32),
    }),
  ),
});
export type ModelConfig = z.infer<typeof ModelConfig>;
export type TransformerConfig = z.infer<typeof Transformer>;

/** Of preprocessor_config.json only what a checkpoint may change; the defaults are CLIP's. */
const Preprocessor = z.object({
  image_mean: z.array(z.number()).length(3).default([0.48145466, 0.4578275, 0.40821073]),
  image_std: z.array(z.number().positive()).length(3).default([0.26862954, 0.26130258, 0.27577711]),
});
export type Preprocessor = z.infer<typeof Preprocessor>;

const ShardIndex = z.object({ weight_map: z.record(z.string(), z.string()) });

/** A checkpoint in Hugging Face layout: its configuration, and where each weight is. Weights themselves are not read. */
export interface Checkpoint {
  readonly folder: string; // as the user named it
  readonly config: ModelConfig;
  readonly preprocessor: Preprocessor;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly weightsFolder: string; // the real folder of the weight files, links resolved
  readonly weightFiles: readonly string[]; // absolute, links resolved
}

/**
 * Reads a checkpoint folder: config.json, model.safetensors (or its shards), and preprocessor_config.json where there is one.
 *
 * @throws PreannotateError MODEL_INVALID naming the file that is missing or wrong.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const config = await readJson(join(folder, 'config.json'), ModelConfig);
  const preprocessorFile = join(folder, 'preprocessor_config.json');
  const preprocessor = existsSync(preprocessorFile)
    ? await readJson(preprocessorFile, Preprocessor)
    : Preprocessor.parse({});
  const weightFiles = await weightFilesOf(folder);
  const indexes = await Promise.all(weightFiles.map(readTensorIndex));
  const tensors = new Map(indexes.flatMap((index) => [...index]));
  return { folder, config, preprocessor, tensors, weightsFolder: dirname(weightFiles[0]!), weightFiles };
}

/** Links are resolved because ONNX Runtime refuses weights behind a link that leaves their folder (the Hub's cache has such). */
async function weightFilesOf(folder: string): Promise<string[]> {
  const single = join(folder, 'model.safetensors');
  if (existsSync(single)) return [await realpath(single)];
  const index = join(folder, 'model.safetensors.index.json');
  if (!existsSync(index)) {
    throw new PreannotateError({
      code: 'MODEL_INVALID',
      message: `${folder}: there is no model.safetensors in this folder.`,
      hint: 'Give the folder of an OWL-ViT or OWLv2 checkpoint: config.json, model.safetensors and the tokenizer files.',
    });
  }
  const { weight_map: shardOf } = await readJson(index, ShardIndex);
  const names = [...new Set(Object.values(shardOf))].sort();
  if (names.some((name) => name !== basename(name))) throw invalid(index, 'it names a file outside its folder');
  const files = await Promise.all(names.map((name) => realpath(join(folder, name))));
  if (new Set(files.map((file) => dirname(file))).size > 1) throw invalid(index, 'its files lie in several folders');
  return files;
}

async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw invalid(path, error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error), error);
  }
}

function invalid(path: string, reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'MODEL_INVALID',
      message: `${path}: ${reason.replaceAll(/\s+/g, ' ')}.`,
      hint: 'Fetch the checkpoint again; OWL-ViT and OWLv2 checkpoints in Hugging Face layout can be used.',
    },
    cause,
  );
}

/** Fills in what a configuration leaves out, before it is checked. */
function withDefaults<Schema extends z.ZodType>(defaults: Readonly<Record<string, unknown>>, schema: Schema) {
  return z.preprocess((given) => ({ ...defaults, ...(typeof given === 'object' ? given : undefined) }), schema);
}
