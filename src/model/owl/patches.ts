import type { Positions } from '../../core/inference/input-form.js';
import type { Graph } from '../../onnx/graph.js';
import type { Value } from '../../onnx/messages.js';
import { shapeOf } from '../../onnx/graph-shape.js';
import type { OwlCheckpoint } from './config.js';
import { lengthsOf, takePart, type Grid } from './grid.js';
import type { GraphWeights } from './transformer.js';

/** What patches are embedded with. */
interface PatchModel {
  readonly checkpoint: OwlCheckpoint;
  readonly weights: GraphWeights;
  readonly grid: Grid;
  readonly positions: Positions | undefined; // default: interpolate
}

/** Cuts the picture into patches and projects each: [N, H, W, 3] to [N * (P + 1), D], the class token first. */
export function embedPatches(graph: Graph, pixels: Value, model: PatchModel): Value {
  const { checkpoint, weights, grid } = model;
  const { hidden_size: width, patch_size: patch } = checkpoint.config.vision_config;
  const { rows, columns, patches } = lengthsOf(grid);
  const positions = embedPositions(graph, model);

  // In the order (patch row, patch column, y, x, channel) the runs that move together are patch * 3 bytes long.
  const cells = graph.op('Reshape', [pixels, shapeOf(graph, [-1, rows, patch, columns, patch * 3])]);
  const gathered = graph.op('Transpose', [cells], { perm: [0, 1, 3, 2, 4] });
  const flat = graph.op('Reshape', [gathered, graph.ints([-1, patch * patch * 3])]);
  const projected = projectPatches(graph, flat, { weights, checkpoint });
  const placed = graph.op('Add', [
    graph.op('Reshape', [projected, shapeOf(graph, [-1, patches, width])]),
    positions.patches,
  ]);

  const batch = graph.op('Slice', [graph.op('Shape', [pixels]), graph.ints([0]), graph.ints([1])]);
  const classToken = graph.op('Add', [weights.get('class_embedding', [width]), positions.classToken]);
  const repeated = graph.op('Expand', [classToken, graph.op('Concat', [batch, graph.ints([1, width])], { axis: 0 })]);
  return graph.op('Reshape', [graph.op('Concat', [repeated, placed], { axis: 1 }), graph.ints([-1, width])]);
}

/** Patches of pixels to features: [N * P, patch * patch * 3] to [N * P, D]. */
function projectPatches(
  graph: Graph,
  pixels: Value,
  model: { weights: GraphWeights; checkpoint: OwlCheckpoint },
): Value {
  const { weights, checkpoint } = model;
  const { hidden_size: width, patch_size: patch } = checkpoint.config.vision_config;
  const embedding = weights.within('patch_embedding');
  if (embedding.isQuantised('weight')) {
    // Pixels are whole numbers already, so nothing is rounded here but the weights.
    const matrix = embedding.get('weight', [patch * patch * 3, width]);
    const sums = graph.cast(graph.op('MatMulInteger', [pixels, matrix]), 'float32');
    const scaled = graph.op('Mul', [sums, embedding.get('weight_scale', [width])]);
    return graph.op('Add', [scaled, embedding.get('bias', [width])]);
  }
  const { kernel, bias } = foldNormalisation(graph, weights, checkpoint);
  return graph.op('Gemm', [graph.cast(pixels, 'float32'), kernel, bias], { transB: 1 });
}

/**
 * The convolution over patches as a matrix for pixels of 0–255: (v / 255 - mean) / std is folded into weight and bias.
 */
function foldNormalisation(
  graph: Graph,
  weights: GraphWeights,
  checkpoint: OwlCheckpoint,
): { kernel: Value; bias: Value } {
  const { hidden_size: width, patch_size: patch } = checkpoint.config.vision_config;
  const { image_mean: mean, image_std: std } = checkpoint.preprocessor;
  const convolution = weights.get('patch_embedding.weight', [width, 3, patch, patch]);
  const kernel = graph.op('Transpose', [convolution], { perm: [0, 2, 3, 1] });
  const scale = graph.floats(std.map((deviation) => 1 / (255 * deviation)));
  const shift = graph.floats(std.map((deviation, channel) => -mean[channel]! / deviation));
  return {
    kernel: graph.op('Reshape', [graph.op('Mul', [kernel, scale]), graph.ints([width, patch * patch * 3])]),
    bias: graph.op('ReduceSum', [graph.op('Mul', [kernel, shift]), graph.ints([1, 2, 3])], { keepdims: 0 }),
  };
}

/**
 * The learnt grid of positions, for the size of the input.
 *
 * @returns `classToken` [D], `patches` [P, D], of the patches that a run gives
 */
function embedPositions(
  graph: Graph,
  { checkpoint, weights, grid, positions }: PatchModel,
): { classToken: Value; patches: Value } {
  const { hidden_size: width, patch_size: patch, image_size: native } = checkpoint.config.vision_config;
  const side = Math.floor(native / patch);
  const name = 'position_embedding.weight';
  const shape = [side * side + 1, width];
  const classToken = graph.op('Reshape', [weights.rows(name, shape, { from: 0, to: 1 }), graph.ints([width])]);
  const learnt = weights.rows(name, shape, { from: 1, to: side * side + 1 });
  const ofRun = (patches: Value) => ({ classToken, patches: takePart(graph, patches, { grid, width }) });
  if (grid.rows === side && grid.columns === side) return ofRun(learnt);
  const square = graph.op('Reshape', [learnt, graph.ints([1, side, side, width])]);
  const fitted =
    positions === 'slice'
      ? slicePositions(graph, square, grid)
      : interpolatePositions(graph, square, { ...grid, width });
  return ofRun(graph.op('Reshape', [fitted, graph.ints([grid.rows * grid.columns, width])]));
}

/**
 * The upper left part of the grid, [1, side, side, D] to [1, rows, columns, D], neither of which may be more than side.
 *
 * @see scenic `projects/owl_vit/clip/layers.py`, whose OWLv2 was trained with images of many sizes in padded squares
 */
function slicePositions(graph: Graph, square: Value, { rows, columns }: Grid): Value {
  return graph.op('Slice', [square, graph.ints([0, 0]), graph.ints([rows, columns]), graph.ints([1, 2])]);
}

/**
 * The whole grid, resampled: [1, side, side, D] to [1, rows, columns, D].
 *
 * @see transformers `OwlViTVisionEmbeddings.interpolate_pos_encoding`: bicubic (a = -0.75), half-pixel centres
 */
function interpolatePositions(
  graph: Graph,
  square: Value,
  { rows, columns, width }: Grid & { readonly width: number },
): Value {
  const planes = graph.op('Transpose', [square], { perm: [0, 3, 1, 2] });
  const resized = graph.op('Resize', [planes, '', '', graph.ints([1, width, rows, columns])], {
    mode: 'cubic',
    cubic_coeff_a: { float: -0.75 },
    coordinate_transformation_mode: 'half_pixel',
  });
  return graph.op('Transpose', [resized], { perm: [0, 2, 3, 1] });
}
