import type { Shape } from './shapes.js';

/** A tensor of random values, spread evenly around a mean. */
export interface RandomTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

/** The tensors of a checkpoint, under the names that transformers gives them. */
export function tensorsOf({ family, text, vision }: Shape): RandomTensor[] {
  const { hidden, patch, image } = vision;
  const positions = Math.floor(image / patch) ** 2 + 1;
  const textModel = `${family}.text_model`;
  const visionModel = `${family}.vision_model`;
  return [
    tensor(`${family}.logit_scale`, [], { mean: 2.6592, deviation: 0 }),
    tensor(`${textModel}.embeddings.token_embedding.weight`, [text.vocabulary, text.hidden], { deviation: 0.5 }),
    tensor(`${textModel}.embeddings.position_embedding.weight`, [text.positions, text.hidden], { deviation: 0.5 }),
    ...encoder(`${textModel}.encoder`, text),
    ...norm(`${textModel}.final_layer_norm`, text.hidden),
    matrix(`${family}.text_projection.weight`, [text.hidden, text.hidden]),
    tensor(`${visionModel}.embeddings.class_embedding`, [hidden], { deviation: 0.5 }),
    tensor(`${visionModel}.embeddings.patch_embedding.weight`, [hidden, 3, patch, patch], { deviation: 0.02 }),
    tensor(`${visionModel}.embeddings.position_embedding.weight`, [positions, hidden], { deviation: 0.5 }),
    ...norm(`${visionModel}.pre_layernorm`, hidden),
    ...encoder(`${visionModel}.encoder`, vision),
    ...norm(`${visionModel}.post_layernorm`, hidden),
    matrix(`${family}.visual_projection.weight`, [text.hidden, hidden]),
    ...norm('layer_norm', hidden),
    ...linear('class_head.dense0', [text.hidden, hidden]),
    // Logits around -4, so that about one pair of patch and query in a hundred is worth storing (a score of 0.05).
    ...linear('class_head.logit_shift', [1, hidden], { bias: -1.2, gain: 0.15 }),
    ...linear('class_head.logit_scale', [1, hidden], { bias: 2.5, gain: 0.1 }),
    ...head('box_head', hidden, 4),
    ...(family === 'owlv2' ? head('objectness_head', hidden, 1) : []),
  ];
}

function encoder(prefix: string, { hidden, inner, layers }: { hidden: number; inner: number; layers: number }) {
  return Array.from({ length: layers }, (_, i) => {
    const layer = `${prefix}.layers.${i}`;
    const projections = ['q_proj', 'k_proj', 'v_proj', 'out_proj'];
    return [
      ...norm(`${layer}.layer_norm1`, hidden),
      ...projections.flatMap((name) => linear(`${layer}.self_attn.${name}`, [hidden, hidden])),
      ...norm(`${layer}.layer_norm2`, hidden),
      ...linear(`${layer}.mlp.fc1`, [inner, hidden]),
      ...linear(`${layer}.mlp.fc2`, [hidden, inner]),
    ];
  }).flat();
}

function norm(name: string, width: number): RandomTensor[] {
  return [
    tensor(`${name}.weight`, [width], { mean: 1, deviation: 0.1 }),
    tensor(`${name}.bias`, [width], { deviation: 0.05 }),
  ];
}

function head(name: string, hidden: number, outputs: number): RandomTensor[] {
  const layers = [hidden, hidden, outputs];
  return layers.flatMap((width, i) => linear(`${name}.dense${i}`, [width, hidden]));
}

/** @param scale - `gain` is the deviation of its outputs for inputs of deviation 1. */
function linear(
  name: string,
  shape: readonly [number, number],
  scale: { bias?: number; gain?: number } = {},
): RandomTensor[] {
  return [
    matrix(`${name}.weight`, shape, scale.gain),
    tensor(`${name}.bias`, [shape[0]], { mean: scale.bias ?? 0, deviation: 0.02 }),
  ];
}

function matrix(name: string, shape: readonly [number, number], gain = 0.8): RandomTensor {
  return tensor(name, shape, { deviation: gain / Math.sqrt(shape[1]) });
}

function tensor(name: string, shape: readonly number[], values: { mean?: number; deviation: number }): RandomTensor {
  return { name, shape, mean: values.mean ?? 0, deviation: values.deviation };
}
