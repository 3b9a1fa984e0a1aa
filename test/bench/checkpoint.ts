import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FIXTURES } from '../support/golden.js';
import { Random } from './random.js';
import { CACHE } from './workspace.js';

const RECIPE = 2; // raised when the same code would write other bytes
const SEED = 32;
const CHUNK_FLOATS = 1 << 20;

/** Sizes of google/owlvit-base-patch32, from its config.json. */
export const TEXT = { hidden: 512, inner: 2048, layers: 12, heads: 8, positions: 16, vocabulary: 49408 };
export const VISION = { hidden: 768, inner: 3072, layers: 12, heads: 12, image: 768, patch: 32 };

const TOKENIZER = join(FIXTURES, 'models', 'owlvit-emoji'); // its ids are rows of the larger vocabulary too
const COPIED = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.json', 'merges.txt'];

/** A tensor of random values, spread evenly around a mean. */
interface RandomTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

/**
 * A full-size OWL-ViT base/32 checkpoint with random weights: what it costs does not depend on its values. Written once
 * and found again by later runs.
 *
 * @returns Its folder, in Hugging Face layout; 613 MB of float32.
 */
export async function fullSizeCheckpoint(): Promise<string> {
  const folder = join(CACHE, `owlvit-base-patch32-random-${RECIPE}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    for (const name of COPIED) await copyFile(join(TOKENIZER, name), join(unfinished, name));
    await writeFile(join(unfinished, 'config.json'), JSON.stringify(configOf(), undefined, 2));
    await writeFile(join(unfinished, 'preprocessor_config.json'), JSON.stringify(preprocessorOf(), undefined, 2));
    await writeSafetensors(join(unfinished, 'model.safetensors'), tensorsOf());
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** One tensor after the other, a few megabytes at a time. */
async function writeSafetensors(path: string, tensors: readonly RandomTensor[]): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const { name, shape } of tensors) {
    const end = offset + countOf(shape) * Float32Array.BYTES_PER_ELEMENT;
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const random = new Random(SEED);
  await using file = await open(path, 'wx');
  await file.writeFile(Buffer.concat([length, padded]));
  for (const tensor of tensors) {
    for (const values of valuesOf(tensor, random)) await file.writeFile(new Uint8Array(values.buffer));
  }
}

function* valuesOf({ shape, mean, deviation }: RandomTensor, random: Random): Generator<Float32Array<ArrayBuffer>> {
  const bound = deviation * Math.sqrt(3); // of a uniform distribution with this deviation
  for (let left = countOf(shape); left > 0; left -= CHUNK_FLOATS) {
    const values = new Float32Array(Math.min(left, CHUNK_FLOATS));
    for (let i = 0; i < values.length; i++) values[i] = mean + bound * random.uniform();
    yield values;
  }
}

function tensorsOf(): RandomTensor[] {
  const { hidden, patch, image } = VISION;
  const positions = (image / patch) ** 2 + 1;
  const text = 'owlvit.text_model';
  const vision = 'owlvit.vision_model';
  return [
    tensor('owlvit.logit_scale', [], { mean: 2.6592, deviation: 0 }),
    tensor(`${text}.embeddings.token_embedding.weight`, [TEXT.vocabulary, TEXT.hidden], { deviation: 0.5 }),
    tensor(`${text}.embeddings.position_embedding.weight`, [TEXT.positions, TEXT.hidden], { deviation: 0.5 }),
    ...encoder(`${text}.encoder`, TEXT),
    ...norm(`${text}.final_layer_norm`, TEXT.hidden),
    matrix('owlvit.text_projection.weight', [TEXT.hidden, TEXT.hidden]),
    tensor(`${vision}.embeddings.class_embedding`, [hidden], { deviation: 0.5 }),
    tensor(`${vision}.embeddings.patch_embedding.weight`, [hidden, 3, patch, patch], { deviation: 0.02 }),
    tensor(`${vision}.embeddings.position_embedding.weight`, [positions, hidden], { deviation: 0.5 }),
    ...norm(`${vision}.pre_layernorm`, hidden),
    ...encoder(`${vision}.encoder`, VISION),
    ...norm(`${vision}.post_layernorm`, hidden),
    matrix('owlvit.visual_projection.weight', [TEXT.hidden, hidden]),
    ...norm('layer_norm', hidden),
    ...linear('class_head.dense0', [TEXT.hidden, hidden]),
    // Logits around -4, so that about one pair of patch and query in a hundred is worth storing (a score of 0.05).
    ...linear('class_head.logit_shift', [1, hidden], { bias: -1.2, gain: 0.15 }),
    ...linear('class_head.logit_scale', [1, hidden], { bias: 2.5, gain: 0.1 }),
    ...linear('box_head.dense0', [hidden, hidden]),
    ...linear('box_head.dense1', [hidden, hidden]),
    ...linear('box_head.dense2', [4, hidden]),
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

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function configOf() {
  const shared = { hidden_act: 'quick_gelu', layer_norm_eps: 1e-5 };
  return {
    architectures: ['OwlViTForObjectDetection'],
    model_type: 'owlvit',
    projection_dim: TEXT.hidden,
    logit_scale_init_value: 2.6592,
    text_config: {
      model_type: 'owlvit_text_model',
      vocab_size: TEXT.vocabulary,
      hidden_size: TEXT.hidden,
      intermediate_size: TEXT.inner,
      num_hidden_layers: TEXT.layers,
      num_attention_heads: TEXT.heads,
      max_position_embeddings: TEXT.positions,
      ...shared,
    },
    vision_config: {
      model_type: 'owlvit_vision_model',
      hidden_size: VISION.hidden,
      intermediate_size: VISION.inner,
      num_hidden_layers: VISION.layers,
      num_attention_heads: VISION.heads,
      image_size: VISION.image,
      patch_size: VISION.patch,
      ...shared,
    },
  };
}

function preprocessorOf() {
  const size = { height: VISION.image, width: VISION.image };
  return {
    image_processor_type: 'OwlViTImageProcessor',
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
