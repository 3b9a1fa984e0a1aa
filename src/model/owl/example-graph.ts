import { Graph } from '../../onnx/graph.js';
import type { ExampleGraphOptions } from '../artifact.js';
import type { OwlCheckpoint } from './config.js';
import { encodeImage } from './graphs.js';
import { predictBoxes, predictionHead } from './heads.js';
import { hasObjectnessHead } from './objectness.js';
import { CPU_OPERATORS, linear, GraphWeights } from './transformer.js';

/**
 * The image encoder, the projections of the class and box heads, and OWLv2's objectness: the example graph of
 * `Artifact`.
 *
 * @see transformers `OwlViTForObjectDetection.image_guided_detection`
 */
export function buildExampleGraph(
  checkpoint: OwlCheckpoint,
  { size, positions, pixelType = 'uint8' }: ExampleGraphOptions,
): Uint8Array {
  const { config, tensors } = checkpoint;
  const { patch_size: patch, hidden_size: width } = config.vision_config;
  const embeddingWidth = config.text_config.hidden_size;
  const grid = { rows: Math.floor(size.height / patch), columns: Math.floor(size.width / patch) };
  const patches = grid.rows * grid.columns;
  const graph = new Graph();
  const weights = new GraphWeights(graph, tensors);
  const pixels = graph.input('pixels', pixelType, ['N', size.height, size.width, 3]);

  const features = encodeImage(graph, pixels, {
    ...{ checkpoint, weights, grid, positions },
    operators: CPU_OPERATORS,
    half: false,
  });
  const projection = { weights: weights.within('class_head.dense0'), inputs: width, outputs: embeddingWidth };
  const rows = linear(graph, features, projection);
  const classEmbeds = graph.op('Reshape', [rows, graph.ints([-1, patches, embeddingWidth])]);
  const boxes = predictBoxes(graph, features, { weights: weights.within('box_head'), width, grid });
  graph.output('class_embeds', classEmbeds, { type: 'float32', shape: ['N', patches, embeddingWidth] });
  graph.output('boxes', boxes, { type: 'float32', shape: ['N', patches, 4] });
  if (hasObjectnessHead(checkpoint)) {
    const head = { weights: weights.within('objectness_head'), width, outputs: 1 };
    const objectness = graph.op('Reshape', [predictionHead(graph, features, head), graph.ints([-1, patches])]);
    graph.output('objectness_logits', objectness, { type: 'float32', shape: ['N', patches] });
  }
  return graph.toBytes();
}
