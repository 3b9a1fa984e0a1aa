import type { Graph } from '../../onnx/graph.js';
import type { Value } from '../../onnx/messages.js';
import { shapeOf } from '../../onnx/graph-shape.js';
import { l2Norm } from '../ranking.js';
import { lengthsOf, takePart, type Grid } from './grid.js';
import { gelu, linear, type GraphWeights } from './transformer.js';

/** What the class head gives of every patch before any query is known. */
export interface ClassFeatures {
  readonly classEmbeds: Value; // [N * P, T], normalised
  readonly shift: Value; // [N * P, 1], added to the similarity to each query
  readonly scale: Value; // [N * P, 1], above 0: the sum is multiplied by it
}

/** @see transformers `OwlViTClassPredictionHead.forward` */
export function projectClasses(
  graph: Graph,
  features: Value,
  head: { weights: GraphWeights; inputs: number; outputs: number },
): ClassFeatures {
  const { weights, inputs } = head;
  const projected = linear(graph, features, { weights: weights.within('dense0'), inputs, outputs: head.outputs });
  const norm = graph.op('Add', [l2Norm(graph, projected), graph.floats([1e-6])]);
  const shift = linear(graph, features, { weights: weights.within('logit_shift'), inputs, outputs: 1 });
  const scale = linear(graph, features, { weights: weights.within('logit_scale'), inputs, outputs: 1 });
  return {
    classEmbeds: graph.op('Div', [projected, norm]),
    shift,
    scale: graph.op('Add', [graph.op('Elu', [scale]), graph.floats([1])]),
  };
}

/**
 * Similarity of every patch to every query. Queries are used as they are: a logit is linear in its query, so the mean
 * of unit vectors gives the mean of their logits.
 *
 * @param queries - [Q, T]: unit vectors, as the original makes them here, or means of such.
 * @returns Logits, [N * P, Q].
 * @see transformers `OwlViTClassPredictionHead.forward`
 */
export function scoreQueries(graph: Graph, { classEmbeds, shift, scale }: ClassFeatures, queries: Value): Value {
  const similarity = graph.op('Gemm', [classEmbeds, queries], { transB: 1 });
  return graph.op('Mul', [graph.op('Add', [similarity, shift]), scale]);
}

/** The box of every patch, [N, P, 4] cxcywh fractions: what its feature says, added to where the patch is. */
export function predictBoxes(
  graph: Graph,
  features: Value,
  { weights, width, grid }: { weights: GraphWeights; width: number; grid: Grid },
): Value {
  const offsets = predictionHead(graph, features, { weights, width, outputs: 4 });
  const perImage = graph.op('Reshape', [offsets, shapeOf(graph, [-1, lengthsOf(grid).patches, 4])]);
  const bias = graph.floats(computeBoxBias(grid), [grid.rows * grid.columns, 4]);
  return graph.op('Sigmoid', [graph.op('Add', [perImage, takePart(graph, bias, { grid, width: 4 })])]);
}

/** Three linear layers with exact GELU between them: [N * P, D] to [N * P, outputs]. */
export function predictionHead(
  graph: Graph,
  x: Value,
  head: { weights: GraphWeights; width: number; outputs: number },
): Value {
  const { weights, width, outputs } = head;
  const hidden = { inputs: width, outputs: width };
  const first = gelu(graph, linear(graph, x, { weights: weights.within('dense0'), ...hidden }));
  const second = gelu(graph, linear(graph, first, { weights: weights.within('dense1'), ...hidden }));
  return linear(graph, second, { weights: weights.within('dense2'), inputs: width, outputs });
}

/**
 * Where each patch expects its box, as logits: its lower right corner, and the size of a patch.
 *
 * @returns [P, 4], computed in float32 as the original does.
 * @see transformers `OwlViTForObjectDetection.compute_box_bias`
 */
function computeBoxBias({ rows, columns }: Grid): Float32Array {
  const { fround } = Math;
  const logit = (value: number) => {
    const v = fround(value);
    return fround(fround(Math.log(fround(v + fround(1e-4)))) - fround(Math.log1p(fround(-v + fround(1e-4)))));
  };
  const bias = new Float32Array(rows * columns * 4);
  for (let y = 0, i = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      bias[i++] = logit((x + 1) / columns);
      bias[i++] = logit((y + 1) / rows);
      bias[i++] = logit(1 / columns);
      bias[i++] = logit(1 / rows);
    }
  }
  return bias;
}
