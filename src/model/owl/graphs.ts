import { Graph, type Value } from '../../onnx/graph.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { WeightFiles } from '../checkpoint/weight-files.js';
import type { ImageSize } from '../input-size.js';
import { l2Norm, predictBoxes, predictionHead, rankPairs, scoreQueries, type Grid } from './heads.js';
import { embedPatches } from './patches.js';
import { CPU_OPERATORS, layerNorm, transformer, Weights, type OperatorChoice } from './transformer.js';

/** How an image graph is built. */
export interface ImageGraphOptions {
  readonly size: ImageSize;
  readonly maxDetections: number; // K, an image; fewer where there are fewer pairs
  readonly pixelType?: 'uint8' | 'float32'; // float32, in the same 0–255, is for comparing with reference pixels
  readonly operators?: OperatorChoice;
  readonly weights?: WeightFiles; // instead of the checkpoint's own: its image encoder in 8 bits
  readonly half?: boolean; // the encoder's layers compute in float16; patches, heads and ranking in float32
  readonly raw?: boolean; // also give every intermediate that reference outputs exist for
}

/**
 * The image encoder and the detection heads.
 *
 * Inputs: `pixels` [N, H, W, 3] uint8 RGB, normalised inside; `queries` [Q, T] text embeddings; `groups` [G, M] the
 * queries of each class (rows filled up by repeating one of theirs); `offsets` [G] 0, or -infinity for a group whose
 * boxes are dropped; `allowed` [N, G] 0, or far below any logit for a group that an image is not asked for. Outputs, P patches row by row: the K best pairs of patch and group, best first: `scores` [N, K],
 * `pairs` [N, K] patch * G + group, `members` [N, K] which of the group's M queries won (the first of equals); and
 * `boxes` [N, P, 4] cxcywh fractions of the model's input.
 *
 * @see transformers `OwlViTForObjectDetection.forward`, `Owlv2ForObjectDetection.forward`
 */
export function imageGraph(checkpoint: Checkpoint, options: ImageGraphOptions): Uint8Array {
  const { config } = checkpoint;
  const { size, weights: files = checkpoint } = options;
  const { patch_size: patch, hidden_size: width } = config.vision_config;
  const embeddingWidth = config.text_config.hidden_size;
  const grid = { rows: Math.floor(size.height / patch), columns: Math.floor(size.width / patch) };
  const patches = grid.rows * grid.columns;
  const graph = new Graph();
  const weights = new Weights(graph, files.tensors);
  const pixels = graph.input('pixels', options.pixelType ?? 'uint8', ['N', size.height, size.width, 3]);
  const queries = graph.input('queries', 'float32', ['Q', embeddingWidth]);
  const groups = graph.input('groups', 'int64', ['G', 'M']);
  const offsets = graph.input('offsets', 'float32', ['G']);
  const allowed = graph.input('allowed', 'float32', ['N', 'G']);

  const features = encodeImage(graph, pixels, {
    checkpoint,
    weights,
    grid,
    operators: options.operators ?? CPU_OPERATORS,
    half: options.half ?? false,
  });
  const classHead = { queries, weights: weights.within('class_head'), inputs: width, outputs: embeddingWidth };
  const { logits, classEmbeds } = scoreQueries(graph, features, classHead);
  rankPairs(graph, logits, { groups, offsets, allowed, patches, most: options.maxDetections });
  const boxes = predictBoxes(graph, features, { weights: weights.within('box_head'), width, grid });
  graph.output('boxes', boxes, { type: 'float32', shape: ['N', patches, 4] });

  if (options.raw === true) {
    const raw = (name: string, value: Value, last: number) => {
      const folded = graph.op('Reshape', [value, graph.ints([-1, patches, last])]);
      graph.output(name, folded, { type: 'float32', shape: ['N', patches, last] });
    };
    graph.output('logits', logits, { type: 'float32', shape: ['N*P', 'Q'] });
    raw('class_embeds', classEmbeds, embeddingWidth);
    raw('image_embeds', features, width);
    if (config.model_type === 'owlv2') {
      const head = { weights: weights.within('objectness_head'), width, outputs: 1 };
      raw('objectness_logits', predictionHead(graph, features, head), 1);
    }
  }
  return graph.toBytes();
}

/** The image encoder: pixels to one feature a patch, [N * P, D]. */
export function encodeImage(
  graph: Graph,
  pixels: Value,
  model: { checkpoint: Checkpoint; weights: Weights; grid: Grid; operators: OperatorChoice; half: boolean },
): Value {
  const { checkpoint, weights, grid, half } = model;
  const vision = checkpoint.config.vision_config;
  const tower = weights.within(`${checkpoint.config.model_type}.vision_model`);
  const norm = { width: vision.hidden_size, epsilon: vision.layer_norm_eps };
  const patches = grid.rows * grid.columns;
  const embedded = embedPatches(graph, pixels, { checkpoint, weights: tower.within('embeddings'), ...grid });
  const normed = layerNorm(graph, embedded, { weights: tower.within('pre_layernorm'), ...norm });
  const encoder = tower.within('encoder');
  const encoded = transformer(graph, half ? graph.cast(normed, 'float16') : normed, {
    weights: half ? encoder.as('float16') : encoder,
    config: vision,
    sequence: patches + 1,
    causal: false,
    operators: model.operators,
  });
  return mergeClassToken(graph, half ? graph.cast(encoded, 'float32') : encoded, { tower, weights, patches, norm });
}

/**
 * The text encoder.
 *
 * Input: `input_ids` [Q, L] int64. Output: `embeddings` [Q, T], L2-normalised. No attention mask is needed: attention is
 * causal, and what is read off is the end-of-text token, which stands before the padding.
 *
 * @see transformers `OwlViTTextTransformer.forward`
 */
export function textGraph(checkpoint: Checkpoint): Uint8Array {
  const { config, tensors } = checkpoint;
  const text = config.text_config;
  const width = text.hidden_size;
  const graph = new Graph();
  const weights = new Weights(graph, tensors).within(config.model_type);
  const tower = weights.within('text_model');
  const embeddings = tower.within('embeddings');

  const ids = graph.input('input_ids', 'int64', ['Q', 'L']);
  const shape = graph.op('Shape', [ids]);
  const length = graph.op('Slice', [shape, graph.ints([1]), graph.ints([2])]);
  const vocabulary = tensors.get(`${config.model_type}.text_model.embeddings.token_embedding.weight`)?.shape[0] ?? 0;
  const tokens = graph.op('Gather', [embeddings.get('token_embedding.weight', [vocabulary, width]), ids]);
  const positions = embeddings.get('position_embedding.weight', [text.max_position_embeddings, width]);
  const placed = graph.op('Add', [tokens, graph.op('Slice', [positions, graph.ints([0]), length, graph.ints([0])])]);
  const rows = graph.op('Reshape', [placed, graph.ints([-1, width])]);
  const encoded = transformer(graph, rows, {
    weights: tower.within('encoder'),
    config: text,
    sequence: graph.op('Concat', [shape, graph.ints([width])], { axis: 0 }),
    causal: true,
    operators: { mlpSlices: 1 },
  });
  const normed = layerNorm(graph, encoded, {
    weights: tower.within('final_layer_norm'),
    width,
    epsilon: text.layer_norm_eps,
  });
  const endOfText = graph.op('Reshape', [graph.op('ArgMax', [ids], { axis: 1, keepdims: 1 }), graph.ints([-1, 1])]);
  const pooled = graph.op(
    'GatherND',
    [graph.op('Reshape', [normed, graph.op('Concat', [shape, graph.ints([width])], { axis: 0 })]), endOfText],
    { batch_dims: 1 },
  );
  const projected = graph.op('Gemm', [pooled, weights.get('text_projection.weight', [width, width])], { transB: 1 });
  graph.output('embeddings', graph.op('Div', [projected, l2Norm(graph, projected)]), {
    type: 'float32',
    shape: ['Q', width],
  });
  return graph.toBytes();
}

/** Multiplies each patch with the class token: [N * (P + 1), D] to [N * P, D]. */
function mergeClassToken(
  graph: Graph,
  encoded: Value,
  model: { tower: Weights; weights: Weights; patches: number; norm: { width: number; epsilon: number } },
): Value {
  const { patches, norm } = model;
  const post = layerNorm(graph, encoded, { weights: model.tower.within('post_layernorm'), ...norm });
  const tokens = graph.op('Reshape', [post, graph.ints([-1, patches + 1, norm.width])]);
  const span = (from: number, to: number) =>
    graph.op('Slice', [tokens, graph.ints([from]), graph.ints([to]), graph.ints([1])]);
  const merged = graph.op('Mul', [span(1, patches + 1), span(0, 1)]);
  const rows = graph.op('Reshape', [merged, graph.ints([-1, norm.width])]);
  return layerNorm(graph, rows, { weights: model.weights.within('layer_norm'), ...norm });
}
