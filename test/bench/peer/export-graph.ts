import type { OwlCheckpoint } from '../../../src/model/owl/config.js';
import { GraphWeights } from '../../../src/model/owl/transformer.js';
import { Graph } from '../../../src/onnx/graph.js';
import type { StoredTensor, Value } from '../../../src/onnx/messages.js';
import { encoder, erfGelu, l2Norm, layerNorm, linear } from './export-layers.js';

const LOWEST = -3.4028234663852886e38; // torch.finfo(torch.float32).min

/**
 * OWL-ViT as PyTorch's exporter leaves it for transformers.js: one graph with the text encoder in it and plain
 * operators only. Attention, LayerNormalization, QuickGelu and GELU are written out; ONNX Runtime fuses what it can.
 *
 * Published exports have opset 14 and much arithmetic on shapes; this one has opset 19, which our writer writes, and
 * constant shapes. Both cost next to nothing beside the matrix products, and what there is favours this one.
 *
 * Inputs: `pixel_values` [N, 3, H, W], normalised; `input_ids`, `attention_mask` [N * Q, L] int64. Outputs: `logits`
 * [N, P, Q], `pred_boxes` [N, P, 4] cxcywh, `text_embeds` [N, Q, T], `image_embeds` [N, rows, columns, D].
 *
 * @param tensors - The checkpoint's, at the places where the export keeps them.
 * @see transformers `OwlViTForObjectDetection.forward`, `OwlViTOnnxConfig`
 */
export function monolithicGraph(checkpoint: OwlCheckpoint, tensors: ReadonlyMap<string, StoredTensor>): Uint8Array {
  const { vision_config: vision, text_config: text } = checkpoint.config;
  const side = Math.floor(vision.image_size / vision.patch_size);
  const graph = new Graph();
  const weights = new GraphWeights(graph, tensors);
  const inputSide = vision.image_size;
  const pixels = graph.input('pixel_values', 'float32', ['N', 3, inputSide, inputSide]);
  const ids = graph.input('input_ids', 'int64', ['N*Q', 'L']);
  const mask = graph.input('attention_mask', 'int64', ['N*Q', 'L']);

  const images = graph.op('Slice', [graph.op('Shape', [pixels]), graph.ints([0]), graph.ints([1])]);
  const features = encodeImages(graph, pixels, { weights, config: vision, side });
  const texts = encodeTexts(
    graph,
    { ids, mask },
    {
      weights: weights.within('owlvit'),
      config: text,
      vocabulary: tensors.get('owlvit.text_model.embeddings.token_embedding.weight')!.shape[0]!,
    },
  );
  const perImage = graph.op('Concat', [images, graph.ints([-1, text.hidden_size])], { axis: 0 });
  const queries = graph.op('Reshape', [texts, perImage]);

  const present = graph.op('Greater', [
    graph.op('Reshape', [
      graph.op('Slice', [ids, graph.ints([0]), graph.ints([1]), graph.ints([1])]),
      graph.op('Concat', [images, graph.ints([1, -1])], { axis: 0 }),
    ]),
    graph.ints([0], []),
  ]);
  const logits = scoreQueries(
    graph,
    { features, queries, present },
    {
      weights: weights.within('class_head'),
      inputs: vision.hidden_size,
      outputs: text.hidden_size,
    },
  );
  const boxes = predictBoxes(graph, features, { weights: weights.within('box_head'), width: vision.hidden_size, side });
  const map = graph.op('Reshape', [features, graph.ints([-1, side, side, vision.hidden_size])]);
  graph.output('logits', logits, { type: 'float32', shape: ['N', side * side, 'Q'] });
  graph.output('pred_boxes', boxes, { type: 'float32', shape: ['N', side * side, 4] });
  graph.output('text_embeds', queries, { type: 'float32', shape: ['N', 'Q', text.hidden_size] });
  graph.output('image_embeds', map, { type: 'float32', shape: ['N', side, side, vision.hidden_size] });
  return graph.toBytes();
}

/** [N, 3, H, W] to [N, P, D], the class token multiplied in. */
function encodeImages(
  graph: Graph,
  pixels: Value,
  { weights, config, side }: { weights: GraphWeights; config: OwlCheckpoint['config']['vision_config']; side: number },
): Value {
  const { hidden_size: width, patch_size: patch, layer_norm_eps: epsilon } = config;
  const tower = weights.within('owlvit.vision_model');
  const embeddings = tower.within('embeddings');
  const kernel = embeddings.get('patch_embedding.weight', [width, 3, patch, patch]);
  const convolved = graph.op('Conv', [pixels, kernel], { kernel_shape: [patch, patch], strides: [patch, patch] });
  const flat = graph.op('Reshape', [convolved, graph.ints([0, width, -1])]);
  const patches = graph.op('Transpose', [flat], { perm: [0, 2, 1] });
  const images = graph.op('Slice', [graph.op('Shape', [pixels]), graph.ints([0]), graph.ints([1])]);
  const classToken = graph.op('Expand', [
    embeddings.get('class_embedding', [width]),
    graph.op('Concat', [images, graph.ints([1, width])], { axis: 0 }),
  ]);
  const positions = embeddings.get('position_embedding.weight', [side * side + 1, width]);
  const placed = graph.op('Add', [graph.op('Concat', [classToken, patches], { axis: 1 }), positions]);
  const normed = layerNorm(graph, placed, { weights: tower.within('pre_layernorm'), width, epsilon });
  const encoded = encoder(graph, normed, { weights: tower.within('encoder'), config });
  const post = layerNorm(graph, encoded, { weights: tower.within('post_layernorm'), width, epsilon });
  const span = (from: number, to: number) =>
    graph.op('Slice', [post, graph.ints([from]), graph.ints([to]), graph.ints([1])]);
  const merged = graph.op('Mul', [span(1, side * side + 1), span(0, 1)]);
  return layerNorm(graph, merged, { weights: weights.within('layer_norm'), width, epsilon });
}

/** Token ids [Q, L] to normalised embeddings [Q, T]. */
function encodeTexts(
  graph: Graph,
  { ids, mask }: { ids: Value; mask: Value },
  {
    weights,
    config,
    vocabulary,
  }: { weights: GraphWeights; config: OwlCheckpoint['config']['text_config']; vocabulary: number },
): Value {
  const { hidden_size: width, layer_norm_eps: epsilon, max_position_embeddings: most } = config;
  const tower = weights.within('text_model');
  const embeddings = tower.within('embeddings');
  const length = graph.op('Slice', [graph.op('Shape', [ids]), graph.ints([1]), graph.ints([2])]);
  const positions = embeddings.get('position_embedding.weight', [most, width]);
  const placed = graph.op('Add', [
    graph.op('Gather', [embeddings.get('token_embedding.weight', [vocabulary, width]), ids]),
    graph.op('Slice', [positions, graph.ints([0]), length, graph.ints([0])]),
  ]);
  const masks = [causalMask(graph, length), paddingMask(graph, mask)];
  const encoded = encoder(graph, placed, { weights: tower.within('encoder'), config, masks });
  const normed = layerNorm(graph, encoded, { weights: tower.within('final_layer_norm'), width, epsilon });
  const endOfText = graph.op('ArgMax', [ids], { axis: 1, keepdims: 1 });
  const pooled = graph.op('GatherND', [normed, endOfText], { batch_dims: 1 });
  const projection = graph.op('Transpose', [weights.get('text_projection.weight', [width, width])], { perm: [1, 0] });
  const projected = graph.op('MatMul', [pooled, projection]);
  return graph.op('Div', [projected, l2Norm(graph, projected)]);
}

/** [1, 1, L, L]: 0 for what a token may look at, else as low as can be. */
function causalMask(graph: Graph, length: Value): Value {
  const scalar = graph.op('Squeeze', [length]);
  const steps = graph.op('Range', [graph.ints([0], []), scalar, graph.ints([1], [])]);
  const later = graph.op('Greater', [steps, graph.op('Unsqueeze', [steps, graph.ints([1])])]);
  const mask = graph.op('Where', [later, graph.floats([LOWEST], []), graph.floats([0], [])]);
  return graph.op('Unsqueeze', [mask, graph.ints([0, 1])]);
}

/** [Q, 1, 1, L] from [Q, L] of ones and zeros. */
function paddingMask(graph: Graph, mask: Value): Value {
  const padding = graph.op('Sub', [graph.floats([1], []), graph.op('Cast', [mask], { to: 1 })]);
  return graph.op('Unsqueeze', [graph.op('Mul', [padding, graph.floats([LOWEST], [])]), graph.ints([1, 2])]);
}

/**
 * [N, P, Q]; queries that are only padding get the lowest logit there is.
 *
 * @see transformers `OwlViTClassPredictionHead.forward`
 */
function scoreQueries(
  graph: Graph,
  { features, queries, present }: { features: Value; queries: Value; present: Value },
  head: { weights: GraphWeights; inputs: number; outputs: number },
): Value {
  const { weights, inputs, outputs } = head;
  const unit = (x: Value) => graph.op('Div', [x, graph.op('Add', [l2Norm(graph, x), graph.floats([1e-6], [])])]);
  const classes = unit(linear(graph, features, { weights: weights.within('dense0'), inputs, outputs }));
  const similarity = graph.op('MatMul', [classes, graph.op('Transpose', [unit(queries)], { perm: [0, 2, 1] })]);
  const shift = linear(graph, features, { weights: weights.within('logit_shift'), inputs, outputs: 1 });
  const scale = linear(graph, features, { weights: weights.within('logit_scale'), inputs, outputs: 1 });
  const gain = graph.op('Add', [graph.op('Elu', [scale]), graph.floats([1], [])]);
  const logits = graph.op('Mul', [graph.op('Add', [similarity, shift]), gain]);
  return graph.op('Where', [present, logits, graph.floats([LOWEST], [])]);
}

/** @see transformers `OwlViTForObjectDetection.box_predictor` */
function predictBoxes(
  graph: Graph,
  features: Value,
  head: { weights: GraphWeights; width: number; side: number },
): Value {
  const { weights, width, side } = head;
  const hidden = { inputs: width, outputs: width };
  const first = erfGelu(graph, linear(graph, features, { weights: weights.within('dense0'), ...hidden }));
  const second = erfGelu(graph, linear(graph, first, { weights: weights.within('dense1'), ...hidden }));
  const offsets = linear(graph, second, { weights: weights.within('dense2'), inputs: width, outputs: 4 });
  return graph.op('Sigmoid', [graph.op('Add', [offsets, graph.floats(boxBias(side), [side * side, 4])])]);
}

/** Each patch's lower right corner and size, as logits: [P, 4]. The exporter folds this to a constant as well. */
function boxBias(side: number): number[] {
  const logit = (fraction: number) => Math.log(fraction + 1e-4) - Math.log1p(-fraction + 1e-4);
  const size = logit(1 / side);
  return Array.from({ length: side * side }, (_, patch) => {
    const column = patch % side;
    const row = (patch - column) / side;
    return [logit((column + 1) / side), logit((row + 1) / side), size, size];
  }).flat();
}
