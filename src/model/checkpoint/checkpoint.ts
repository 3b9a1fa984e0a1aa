import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PreannotateError } from '../../core/errors.js';
import { findExport, type ExportFile } from '../export/files.js';
import { readJson } from './json-file.js';
import type { RequestedPrecision } from '../../core/precision.js';
import { findWeights, type CheckpointWeights } from './weight-files.js';

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

/** A checkpoint in Hugging Face layout: its configuration, and where each weight is. Weights themselves are not read. */
export interface Checkpoint extends CheckpointWeights {
  readonly folder: string; // as the user named it
  readonly config: ModelConfig;
  readonly preprocessor: Preprocessor;
  readonly exported?: ExportFile; // of an ONNX export, which has no tensors of its own
}

/**
 * Reads a checkpoint folder: config.json, where its weights are, and preprocessor_config.json where there is one. Without
 * weights an ONNX export will do.
 *
 * @param precision - What is wished for; of an export it chooses the file.
 * @throws PreannotateError MODEL_INVALID naming the file that is missing or wrong.
 */
export async function readCheckpoint(folder: string, precision: RequestedPrecision = 'auto'): Promise<Checkpoint> {
  const config = await readJson(join(folder, 'config.json'), ModelConfig);
  const preprocessorFile = join(folder, 'preprocessor_config.json');
  const preprocessor = existsSync(preprocessorFile)
    ? await readJson(preprocessorFile, Preprocessor)
    : Preprocessor.parse({});
  const parts = { folder, config, preprocessor };
  const weights = (await findWeights(folder)) ?? (await findExport(folder, precision));
  if (weights === undefined) throw withoutWeights(folder);
  return { tensors: new Map(), ...parts, ...weights };
}

function withoutWeights(folder: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_INVALID',
    message: `${folder}: there is no model.safetensors, pytorch_model.bin or onnx/model.onnx in this folder.`,
    hint:
      'Give the folder of an OWL-ViT or OWLv2 checkpoint: config.json, the tokenizer files, and model.safetensors, pytorch_model.bin or ' +
      'an export for transformers.js in onnx/.',
  });
}

/** Fills in what a configuration leaves out, before it is checked. */
function withDefaults<Schema extends z.ZodType>(defaults: Readonly<Record<string, unknown>>, schema: Schema) {
  return z.preprocess((given) => ({ ...defaults, ...(typeof given === 'object' ? given : undefined) }), schema);
}
