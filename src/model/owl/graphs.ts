import type { Positions } from '../../core/inference/input-form.js';
import { Graph } from '../../onnx/graph.js';
import type { Value } from '../../onnx/messages.js';
import type { ImageGraphOptions } from '../artifact.js';
import type { WeightFiles } from '../checkpoint/weight-files.js';
import { lengthOf, shapeOf, type Length } from '../../onnx/graph-shape.js';
import { declareQueries, l2Norm, rankPairs } from '../ranking.js';
import type { OwlCheckpoint } from './config.js';
import { predictBoxes, predictionHead, projectClasses, scoreQueries } from './heads.js';
import { countTokens, gridOf, lengthsOf, type Grid } from './grid.js';
import { hasObjectnessHead } from './objectness.js';
import { embedPatches } from './patches.js';
import { CPU_OPERATORS, layerNorm, transformer, GraphWeights, type OperatorChoice } from './transformer.js';

/** How an image graph of OWL-ViT's is built. */
export interface OwlImageGraphOptions extends ImageGraphOptions {
  readonly operators?: OperatorChoice;
  readonly weights?: WeightFiles; // instead of the checkpoint's own: its image encoder in 8 bits
  readonly half?: boolean; // the encoder's layers compute in float16; patches, heads and ranking in float32
}

/**
 * The image encoder and the detection heads: the image graph of `Artifact`.
 *
 * @see transformers `OwlViTForObjectDetection.forward`, `Owlv2ForObjectDetection.forward`
 */
export function buildImageGraph(checkpoint: OwlCheckpoint, options: OwlImageGraphOptions): Uint8Array {
  const { config } = checkpoint;
  const { positions, operators = CPU_OPERATORS, half = false, weights: files = checkpoint } = options;
  const { raw: isRaw = false, minObjectness = 0 } = options;
  const { hidden_size: width } = config.vision_config;
  const embeddingWidth = config.text_config.hidden_size;
  const graph = new Graph();
  const weights = new GraphWeights(graph, files.tensors);
  const { pixels, grid } = declarePixels(graph, config.vision_config.patch_size, options);
  const { patches } = lengthsOf(grid);
  const shown = options.partial === true ? 'P' : patches; // of an output
  const inputs = declareQueries(graph, embeddingWidth);

  const features = encodeImage(graph, pixels, { checkpoint, weights, grid, positions, operators, half });
  const classes = projectClasses(graph, features, {
    weights: weights.within('class_head'),
    inputs: width,
    outputs: embeddingWidth,
  });
  const logits = scoreQueries(graph, classes, inputs.queries);
  const needsObjectness = hasObjectnessHead(checkpoint) && (isRaw || minObjectness > 0);
  const head = { weights: weights.within('objectness_head'), width, outputs: 1 };
  const objectness = needsObjectness ? predictionHead(graph, features, head) : undefined;
  const isLimited = objectness !== undefined && minObjectness > 0;
  const penalties = isLimited ? penalise(graph, objectness, { below: minObjectness, patches }) : undefined;
  rankPairs(graph, logits, { ...inputs, patches, most: options.maxDetections, penalties });
  const boxes = predictBoxes(graph, features, { weights: weights.within('box_head'), width, grid });
  graph.output('boxes', boxes, { type: 'float32', shape: ['N', shown, 4] });

  if (isRaw) {
    graph.output('logits', logits, { type: 'float32', shape: ['N*P', 'Q'] });
    outputPerPatch(graph, { patches, shown }, [
      { name: 'class_embeds', value: classes.classEmbeds, length: embeddingWidth },
      { name: 'image_embeds', value: features, length: width },
      ...(objectness === undefined ? [] : [{ name: 'objectness_logits', value: objectness, length: 1 }]),
    ]);
  }
  return graph.toBytes();
}

/** The input of the graph, and the patches that it is cut into. */
function declarePixels(
  graph: Graph,
  patch: number,
  { size, pixelType = 'uint8', partial: isPart = false }: OwlImageGraphOptions,
): { pixels: Value; grid: Grid } {
  const lengths = isPart ? ['H', 'W'] : [size.height, size.width];
  const pixels = graph.input('pixels', pixelType, ['N', ...lengths, 3]);
  return { pixels, grid: gridOf(graph, pixels, { size, patch, isPart }) };
}

/** Outputs values of each patch, [N * P, length], as [N, P, length]. */
function outputPerPatch(
  graph: Graph,
  { patches, shown }: { patches: Length; shown: string | number },
  values: readonly { name: string; value: Value; length: number }[],
): void {
  for (const { name, value, length } of values) {
    const folded = graph.op('Reshape', [value, shapeOf(graph, [-1, patches, length])]);
    graph.output(name, folded, { type: 'float32', shape: ['N', shown, length] });
  }
}

/**
 * Takes out the patches that are unlikely to show an object.
 *
 * @param objectness - Logits, [N * P, 1].
 * @returns [N, P, 1]: 0, or -infinity where the sigmoid is below the limit.
 */
export function penalise(
  graph: Graph,
  objectness: Value,
  { below, patches }: { below: number; patches: Length },
): Value {
  const perImage = graph.op('Reshape', [graph.op('Sigmoid', [objectness]), shapeOf(graph, [-1, patches, 1])]);
  const isOut = graph.op('Less', [perImage, graph.floats([below])]);
  return graph.op('Where', [isOut, graph.floats([-Infinity]), graph.floats([0])]);
}

/** The image encoder: pixels to one feature a patch, [N * P, D]. */
export function encodeImage(
  graph: Graph,
  pixels: Value,
  model: {
    checkpoint: OwlCheckpoint;
    weights: GraphWeights;
    grid: Grid;
    positions: Positions | undefined; // default: interpolate
    operators: OperatorChoice;
    half: boolean;
  },
): Value {
  const { checkpoint, weights, grid, positions, half } = model;
  const vision = checkpoint.config.vision_config;
  const tower = weights.within(`${checkpoint.modelType}.vision_model`);
  const norm = { width: vision.hidden_size, epsilon: vision.layer_norm_eps };
  const { patches } = lengthsOf(grid);
  const tokens = countTokens(graph, { patches });
  const embedded = embedPatches(graph, pixels, {
    checkpoint,
    weights: tower.within('embeddings'),
    grid,
    positions,
  });
  const normed = layerNorm(graph, embedded, { weights: tower.within('pre_layernorm'), ...norm });
  const encoder = tower.within('encoder');
  const encoded = transformer(graph, half ? graph.cast(normed, 'float16') : normed, {
    weights: half ? encoder.as('float16') : encoder,
    config: vision,
    sequence: typeof tokens === 'number' ? tokens : shapeOf(graph, [-1, tokens, vision.hidden_size]),
    causal: false,
    operators: model.operators,
  });
  return mergeClassToken(graph, half ? graph.cast(encoded, 'float32') : encoded, { tower, weights, tokens, norm });
}

/**
 * The text encoder: the text graph of `Artifact`. No attention mask is needed: attention is causal, and what is read
 * off is the end-of-text token, which stands before the padding.
 *
 * @see transformers `OwlViTTextTransformer.forward`
 */
export function buildTextGraph(checkpoint: OwlCheckpoint): Uint8Array {
  const { config, tensors, modelType } = checkpoint;
  const text = config.text_config;
  const width = text.hidden_size;
  const graph = new Graph();
  const weights = new GraphWeights(graph, tensors).within(modelType);
  const tower = weights.within('text_model');

  const ids = graph.input('input_ids', 'int64', ['Q', 'L']);
  const shape = graph.op('Shape', [ids]);
  const length = graph.op('Slice', [shape, graph.ints([1]), graph.ints([2])]);
  const vocabulary = tensors.get(`${modelType}.text_model.embeddings.token_embedding.weight`)?.shape[0] ?? 0;
  const embeddings = {
    weights: tower.within('embeddings'),
    vocabulary,
    positions: text.max_position_embeddings,
    width,
  };
  const embedded = embedTokens(graph, { ids, length }, embeddings);
  const rows = graph.op('Reshape', [embedded, graph.ints([-1, width])]);
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
  const pooled = takeEndOfText(graph, { ids, shape }, { rows: normed, width });
  const projected = graph.op('Gemm', [pooled, weights.get('text_projection.weight', [width, width])], { transB: 1 });
  graph.output('embeddings', graph.op('Div', [projected, l2Norm(graph, projected)]), {
    type: 'float32',
    shape: ['Q', width],
  });
  return graph.toBytes();
}

/** The embedding of each token added to that of its position, [Q, L, D]. */
function embedTokens(
  graph: Graph,
  { ids, length }: { ids: Value; length: Value },
  model: { weights: GraphWeights; vocabulary: number; positions: number; width: number },
): Value {
  const { weights, width } = model;
  const tokens = graph.op('Gather', [weights.get('token_embedding.weight', [model.vocabulary, width]), ids]);
  const positions = weights.get('position_embedding.weight', [model.positions, width]);
  return graph.op('Add', [tokens, graph.op('Slice', [positions, graph.ints([0]), length, graph.ints([0])])]);
}

/** The row of the last token of each text, which has the highest id: [Q * L, D] to [Q, D]. */
function takeEndOfText(
  graph: Graph,
  { ids, shape }: { ids: Value; shape: Value },
  { rows, width }: { rows: Value; width: number },
): Value {
  const endOfText = graph.op('Reshape', [graph.op('ArgMax', [ids], { axis: 1, keepdims: 1 }), graph.ints([-1, 1])]);
  const perText = graph.op('Reshape', [rows, graph.op('Concat', [shape, graph.ints([width])], { axis: 0 })]);
  return graph.op('GatherND', [perText, endOfText], { batch_dims: 1 });
}

/** Multiplies each patch with the class token: [N * (P + 1), D] to [N * P, D]. */
function mergeClassToken(
  graph: Graph,
  encoded: Value,
  model: { tower: GraphWeights; weights: GraphWeights; tokens: Length; norm: { width: number; epsilon: number } },
): Value {
  const { tokens: count, norm } = model;
  const post = layerNorm(graph, encoded, { weights: model.tower.within('post_layernorm'), ...norm });
  const tokens = graph.op('Reshape', [post, shapeOf(graph, [-1, count, norm.width])]);
  const span = (from: number, to: Length) =>
    graph.op('Slice', [tokens, graph.ints([from]), lengthOf(graph, to), graph.ints([1])]);
  const merged = graph.op('Mul', [span(1, count), span(0, 1)]);
  const rows = graph.op('Reshape', [merged, graph.ints([-1, norm.width])]);
  return layerNorm(graph, rows, { weights: model.weights.within('layer_norm'), ...norm });
}
