import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/checkpoint.js';

/** Sizes of one of the two transformers; what config.json leaves out has the default of the original code. */
const Transformer = z.object({
  hidden_size: z.number().int().positive(),
  intermediate_size: z.number().int().positive(),
  num_hidden_layers: z.number().int().positive(),
  num_attention_heads: z.number().int().positive(),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
});
export type TransformerConfig = z.infer<typeof Transformer>;

/** @see transformers `OwlViTConfig`, `Owlv2Config`: the defaults are theirs. */
export const OwlConfig = z.object({
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
export type OwlConfig = z.infer<typeof OwlConfig>;
export type OwlCheckpoint = Checkpoint<OwlConfig>;

/** Of preprocessor_config.json only what a checkpoint may change; the defaults are CLIP's. */
export const OwlPreprocessor = z.object({
  image_mean: z.array(z.number()).length(3).default([0.48145466, 0.4578275, 0.40821073]),
  image_std: z.array(z.number().positive()).length(3).default([0.26862954, 0.26130258, 0.27577711]),
});

/** Fills in what a configuration leaves out, before it is checked. */
function withDefaults<Schema extends z.ZodType>(defaults: Readonly<Record<string, unknown>>, schema: Schema) {
  return z.preprocess((given) => ({ ...defaults, ...(typeof given === 'object' ? given : undefined) }), schema);
}
