import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/checkpoint.js';

/** Far above every model; a larger number would fill the memory before anything is compared with the weights. */
const MOST = { width: 65_536, layers: 1024, side: 16_384, tokens: 65_536 };

const count = (most: number) => z.number().int().positive().max(most);

/** Sizes of one of the two transformers; what config.json leaves out has the default of the original code. */
const Transformer = z.object({
  hidden_size: count(MOST.width),
  intermediate_size: count(4 * MOST.width),
  num_hidden_layers: count(MOST.layers),
  num_attention_heads: count(MOST.width),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().max(1).default(1e-5),
});
export type TransformerConfig = z.infer<typeof Transformer>;

/** @see transformers `OwlViTConfig`, `Owlv2Config`: the defaults are theirs. */
export const OwlConfig = z.object({
  text_config: withDefaults(
    { hidden_size: 512, intermediate_size: 2048, num_hidden_layers: 12, num_attention_heads: 8 },
    Transformer.extend({ max_position_embeddings: count(MOST.tokens).default(16) }).superRefine(requireWholeHeads),
  ),
  vision_config: withDefaults(
    { hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
    Transformer.extend({
      image_size: count(MOST.side).default(768),
      patch_size: count(MOST.side).default(32),
    })
      .superRefine(requireWholeHeads)
      .superRefine(requirePatches),
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
  return z.preprocess(
    (given) => (isObject(given ?? {}) ? { ...defaults, ...(given as object | null) } : given),
    schema,
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && !Array.isArray(value);
}

type Context = z.RefinementCtx;

/** Each head takes an equal part of a patch's or token's numbers. */
function requireWholeHeads({ hidden_size: width, num_attention_heads: heads }: TransformerConfig, context: Context) {
  if (width % heads === 0) return;
  const message = `${heads} heads do not divide the hidden_size, ${width}`;
  context.addIssue({ code: 'custom', path: ['num_attention_heads'], message });
}

/** What is left of a side beside its last whole patch is cut off, as in the original. */
function requirePatches(
  { image_size: side, patch_size: patch }: { image_size: number; patch_size: number },
  context: Context,
) {
  if (patch <= side) return;
  const message = `a patch of ${patch} pixels is larger than the image_size, ${side}`;
  context.addIssue({ code: 'custom', path: ['patch_size'], message });
}
