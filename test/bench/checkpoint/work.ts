import { TEXT, VISION } from './checkpoint.js';

/**
 * Floating-point operations for one image of the full-size model: the matrix products of the image encoder and the
 * heads. What is left out (norms, activations, softmax) is under one part in a hundred.
 *
 * @returns GFLOP; a multiplication and its addition are two operations.
 */
export function gflopAnImage(queries: number): number {
  const { hidden, inner, layers, image, patch } = VISION;
  const patches = (image / patch) ** 2;
  const tokens = patches + 1;
  const attention = 4 * tokens * hidden * hidden + 2 * tokens * tokens * hidden;
  const mlp = 2 * tokens * hidden * inner;
  const embedding = patches * patch * patch * 3 * hidden;
  const classHead = patches * (hidden * TEXT.hidden + 2 * hidden + TEXT.hidden * queries);
  const boxHead = patches * (2 * hidden * hidden + 4 * hidden);
  return (2 * (layers * (attention + mlp) + embedding + classHead + boxHead)) / 1e9;
}
