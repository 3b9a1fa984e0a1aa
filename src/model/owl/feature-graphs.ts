import { Graph } from '../../onnx/graph.js';
import type { ElementType, Value } from '../../onnx/messages.js';
import type { EncodingGraphOptions, QueryGraphOptions } from '../artifact.js';
import { declareQueries, rankPairs, rankQueries } from '../ranking.js';
import type { OwlCheckpoint } from './config.js';
import { encodeImage, penalise, type OwlImageGraphOptions } from './graphs.js';
import { predictBoxes, predictionHead, projectClasses, scoreQueries } from './heads.js';
import { hasObjectnessHead } from './objectness.js';
import { CPU_OPERATORS, GraphWeights } from './transformer.js';

/**
 * The first half of the image graph, up to where queries are needed: the encoding graph of `Artifact`.
 *
 * @see buildImageGraph, which computes the same in one graph
 */
export function buildEncodingGraph(
  checkpoint: OwlCheckpoint,
  options: EncodingGraphOptions & Pick<OwlImageGraphOptions, 'operators' | 'weights' | 'half'>,
): Uint8Array {
  const { config } = checkpoint;
  const { size, positions, weights: files = checkpoint, pixelType = 'uint8' } = options;
  const { patch_size: patch, hidden_size: width } = config.vision_config;
  const embeddingWidth = config.text_config.hidden_size;
  const grid = { rows: Math.floor(size.height / patch), columns: Math.floor(size.width / patch) };
  const patches = grid.rows * grid.columns;
  const graph = new Graph();
  const weights = new GraphWeights(graph, files.tensors);
  const pixels = graph.input('pixels', pixelType, ['N', size.height, size.width, 3]);
  const features = encodeImage(graph, pixels, {
    ...{ checkpoint, weights, grid, positions },
    operators: options.operators ?? CPU_OPERATORS,
    half: options.half ?? false,
  });
  const head = { weights: weights.within('class_head'), inputs: width, outputs: embeddingWidth };
  const classes = projectClasses(graph, features, head);
  const give = (name: string, rows: Value, { type = 'float32', last }: { type?: ElementType; last?: number } = {}) => {
    const shape = [patches, ...(last === undefined ? [] : [last])];
    const perImage = graph.op('Reshape', [rows, graph.ints([-1, ...shape])]);
    const value = type === 'float32' ? perImage : graph.cast(perImage, type);
    graph.output(name, value, { type, shape: ['N', ...shape] });
  };
  give('class_embeds', classes.classEmbeds, { type: options.dtype, last: embeddingWidth });
  if (options.exact === true) give('exact_class_embeds', classes.classEmbeds, { last: embeddingWidth });
  give('logit_shift', classes.shift);
  give('logit_scale', classes.scale);
  give('boxes', predictBoxes(graph, features, { weights: weights.within('box_head'), width, grid }), { last: 4 });
  if (hasObjectnessHead(checkpoint)) {
    const objectness = { weights: weights.within('objectness_head'), width, outputs: 1 };
    give('objectness_logits', predictionHead(graph, features, objectness));
  }
  return graph.toBytes();
}

/** The second half of the image graph, from where queries are needed: the query graph of `Artifact`. */
export function buildQueryGraph(checkpoint: OwlCheckpoint, options: QueryGraphOptions): Uint8Array {
  const { config } = checkpoint;
  const { size, dtype, minObjectness = 0, maxDetections: most } = options;
  const patch = config.vision_config.patch_size;
  const embeddingWidth = config.text_config.hidden_size;
  const patches = Math.floor(size.height / patch) * Math.floor(size.width / patch);
  const graph = new Graph();
  const stored = graph.input('class_embeds', dtype, ['N', patches, embeddingWidth]);
  const column = (name: string) =>
    graph.op('Reshape', [graph.input(name, 'float32', ['N', patches]), graph.ints([-1, 1])]);
  const classes = {
    classEmbeds: graph.op('Reshape', [
      dtype === 'float32' ? stored : graph.cast(stored, 'float32'),
      graph.ints([-1, embeddingWidth]),
    ]),
    shift: column('logit_shift'),
    scale: column('logit_scale'),
  };
  const isLimited = hasObjectnessHead(checkpoint) && minObjectness > 0;
  const penalties = isLimited
    ? penalise(graph, column('objectness_logits'), { below: minObjectness, patches })
    : undefined;
  if (options.oneQueryAClass === true) {
    const queries = graph.input('queries', 'float32', ['Q', embeddingWidth]);
    rankQueries(graph, scoreQueries(graph, classes, queries), { most, penalties });
  } else {
    const inputs = declareQueries(graph, embeddingWidth);
    rankPairs(graph, scoreQueries(graph, classes, inputs.queries), { ...inputs, patches, most, penalties });
  }
  return graph.toBytes();
}
