/** The sizes of a checkpoint. */
export interface Shape {
  readonly family: 'owlvit' | 'owlv2';
  readonly text: Transformer & { readonly positions: number; readonly vocabulary: number };
  readonly vision: Transformer & { readonly image: number; readonly patch: number };
}

interface Transformer {
  readonly hidden: number;
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
}

const TEXT = {
  base: { hidden: 512, inner: 2048, layers: 12, heads: 8, positions: 16, vocabulary: 49408 },
  large: { hidden: 768, inner: 3072, layers: 12, heads: 12, positions: 16, vocabulary: 49408 },
};
const VISION = {
  base: { hidden: 768, inner: 3072, layers: 12, heads: 12 },
  large: { hidden: 1024, inner: 4096, layers: 24, heads: 16 },
};

/**
 * The published models, by their names on the Hub below google/. Those of OWLv2 also come with -ensemble and
 * -finetuned, which have the same sizes.
 *
 * @see the config.json of each
 */
export const SHAPES = {
  'owlvit-base-patch32': { family: 'owlvit', text: TEXT.base, vision: { ...VISION.base, image: 768, patch: 32 } },
  'owlvit-base-patch16': { family: 'owlvit', text: TEXT.base, vision: { ...VISION.base, image: 768, patch: 16 } },
  'owlvit-large-patch14': { family: 'owlvit', text: TEXT.large, vision: { ...VISION.large, image: 840, patch: 14 } },
  'owlv2-base-patch16': { family: 'owlv2', text: TEXT.base, vision: { ...VISION.base, image: 960, patch: 16 } },
  'owlv2-large-patch14': { family: 'owlv2', text: TEXT.large, vision: { ...VISION.large, image: 1008, patch: 14 } },
} as const satisfies Readonly<Record<string, Shape>>;
export type ShapeName = keyof typeof SHAPES;

/** Its config.json. */
export function configOf({ family, text, vision }: Shape) {
  const shared = { hidden_act: 'quick_gelu', layer_norm_eps: 1e-5 };
  return {
    architectures: [family === 'owlvit' ? 'OwlViTForObjectDetection' : 'Owlv2ForObjectDetection'],
    model_type: family,
    projection_dim: text.hidden,
    logit_scale_init_value: 2.6592,
    text_config: {
      model_type: `${family}_text_model`,
      vocab_size: text.vocabulary,
      hidden_size: text.hidden,
      intermediate_size: text.inner,
      num_hidden_layers: text.layers,
      num_attention_heads: text.heads,
      max_position_embeddings: text.positions,
      ...shared,
    },
    vision_config: {
      model_type: `${family}_vision_model`,
      hidden_size: vision.hidden,
      intermediate_size: vision.inner,
      num_hidden_layers: vision.layers,
      num_attention_heads: vision.heads,
      image_size: vision.image,
      patch_size: vision.patch,
      ...shared,
    },
  };
}

/** Its preprocessor_config.json. */
export function preprocessorOf({ family, vision }: Shape) {
  const size = { height: vision.image, width: vision.image };
  return {
    image_processor_type: family === 'owlvit' ? 'OwlViTImageProcessor' : 'Owlv2ImageProcessor',
    do_resize: true,
    size,
    resample: 3,
    do_center_crop: false,
    crop_size: size,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    do_convert_rgb: true,
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
  };
}
