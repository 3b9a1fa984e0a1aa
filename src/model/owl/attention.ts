import type { Graph } from '../../onnx/graph.js';
import type { Value } from '../../onnx/messages.js';

/**
 * Attention within each sequence of the rows of a matrix.
 *
 * @param rows - Queries, keys and values, [N * S, D] each.
 * @param form - `folded` is the shape [-1, S, D].
 * @returns [N * S, D]
 */
export function attendRows(
  graph: Graph,
  rows: { readonly q: Value; readonly k: Value; readonly v: Value },
  form: { width: number; heads: number; folded: Value; causal: boolean; plain: boolean },
): Value {
  const fold = (x: Value) => graph.op('Reshape', [x, form.folded]);
  const attended = attend(graph, { q: fold(rows.q), k: fold(rows.k), v: fold(rows.v) }, form);
  return graph.op('Reshape', [attended, graph.ints([-1, form.width])]);
}

/**
 * Attention of every position to every other, heads side by side.
 *
 * @param projected - Queries, keys and values, [N, S, D] each.
 * @param form - `causal`: a position sees itself and those before it. `plain`: without the fused operator.
 * @returns [N, S, D]
 */
function attend(
  graph: Graph,
  projected: { readonly q: Value; readonly k: Value; readonly v: Value },
  form: { width: number; heads: number; causal: boolean; plain: boolean },
): Value {
  const { q, k, v } = projected;
  if (form.plain && !form.causal) return attendPlainly(graph, projected, form);
  return graph.contribOp('MultiHeadAttention', [q, k, v], {
    num_heads: form.heads,
    unidirectional: form.causal ? 1 : 0,
  });
}

/**
 * Softmax(Q · Kᵀ / √d) · V out of basic operators.
 *
 * ONNX Runtime 1.30's fused operator gives wrong numbers on WebGPU from 32 positions on, where it switches to its flash
 * attention (seen with subgroups of 8; reported upstream for others: microsoft/onnxruntime#26715, #28520).
 */
function attendPlainly(
  graph: Graph,
  { q, k, v }: { readonly q: Value; readonly k: Value; readonly v: Value },
  { width, heads }: { width: number; heads: number },
): Value {
  const size = width / heads;
  const byHead = (x: Value, perm: readonly number[]) =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.ints([0, 0, heads, size])])], { perm });
  const keys = byHead(k, [0, 2, 3, 1]); // [N, heads, size, S]
  const scale = graph.op('CastLike', [graph.floats([1 / Math.sqrt(size)]), q]); // float16 at that precision
  const scaled = graph.op('Mul', [byHead(q, [0, 2, 1, 3]), scale]);
  const weights = graph.op('Softmax', [graph.op('MatMul', [scaled, keys])], { axis: -1 });
  const attended = graph.op('MatMul', [weights, byHead(v, [0, 2, 1, 3])]);
  return graph.op('Reshape', [graph.op('Transpose', [attended], { perm: [0, 2, 1, 3] }), graph.ints([0, 0, width])]);
}
