import type { Graph } from '../../onnx/graph.js';
import type { Value } from '../../onnx/messages.js';

/** Queries whose scores are in memory together: 320 by 3,601 are 4.6 MB. Fewer are not faster. */
const QUERIES_AT_ONCE = 320;

const LARGEST = 127; // of int8, as for weights
const MIDDLE = 128; // zero, in uint8
const LEVELS = 255; // of probabilities
const SMALLEST = 1e-20; // instead of a division by zero

/**
 * Attention of every position to every other, with both products in 8 bits, as MultiHeadAttention has none, and softmax
 * in float32. Queries, keys and values are rounded to the largest of their head, and the probabilities of a position to
 * the largest of its own: where attention is spread over thousands of positions, all of them are small.
 *
 * The heads are computed one after the other, so that scores stay in the cache.
 *
 * @param projected - Queries, keys and values, [S, D] each, of one image: another would change what is the largest.
 * @param form - `sequence` is S; `right` is the type of keys and values. ONNX Runtime is fast with int8 to the right,
 *   and exact with uint8 where products of both overflow; the results are the same.
 * @returns [S, D]
 */
export function attendIn8Bits(
  graph: Graph,
  projected: { readonly q: Value; readonly k: Value; readonly v: Value },
  form: { width: number; heads: number; sequence: number; right: 'int8' | 'uint8' },
): Value {
  const { width, heads, sequence, right } = form;
  const size = width / heads;
  const split = { sequence, heads, size };
  const q = round(graph, projected.q, { type: 'uint8', ...split });
  const k = round(graph, projected.k, { type: right, ...split });
  const v = round(graph, projected.v, { type: right, ...split });
  const constants = {
    middle: scalar(graph, 'uint8', MIDDLE),
    zero: scalar(graph, right, zeroOf(right)),
    none: scalar(graph, 'uint8', 0),
    one: graph.floats([1], []),
    level: graph.floats([1 / LEVELS], []),
  };
  const attended = graph.scan(
    [
      { value: q.values, type: 'uint8', shape: [sequence, size] },
      { value: k.values, type: right, shape: [sequence, size] },
      { value: v.values, type: right, shape: [sequence, size] },
      { value: graph.op('Mul', [q.scale, graph.floats([1 / Math.sqrt(size)], [])]), type: 'float32', shape: [] },
      { value: k.scale, type: 'float32', shape: [] },
      { value: v.scale, type: 'float32', shape: [] },
    ],
    [sequence, size],
    (body, rows) => attendHead(body, rows as Head, { sequence, constants }),
  );
  const joined = graph.op('Transpose', [attended], { perm: [1, 0, 2] });
  return graph.op('Reshape', [joined, graph.ints([sequence, width])]);
}

type Head = readonly [q: Value, k: Value, v: Value, qScale: Value, kScale: Value, vScale: Value];

interface HeadForm {
  readonly sequence: number;
  readonly heads: number;
  readonly size: number; // numbers of a head
}

/** Constants of the surrounding graph. */
interface Constants {
  readonly middle: Value; // zero of the queries
  readonly zero: Value; // of keys and values
  readonly none: Value; // zero of the probabilities
  readonly one: Value;
  readonly level: Value;
}

function attendHead(
  graph: Graph,
  [q, k, ...others]: Head,
  { sequence, constants }: { sequence: number; constants: Constants },
): Value {
  const keys = graph.op('Transpose', [k], { perm: [1, 0] });
  const blocks: Value[] = [];
  const count = Math.ceil(sequence / QUERIES_AT_ONCE);
  for (let i = 0; i < count; i++) {
    const [from, to] = [i, i + 1].map((block) => Math.ceil((sequence * block) / count)) as [number, number];
    const block = graph.op('Slice', [q, graph.ints([from]), graph.ints([to]), graph.ints([0])]);
    blocks.push(attendBlock(graph, [block, keys, ...others], constants));
  }
  return graph.op('Concat', blocks, { axis: 0 });
}

/** Some queries of a head, [B, size]; its keys are transposed. */
function attendBlock(graph: Graph, [q, k, v, qScale, kScale, vScale]: Head, constants: Constants): Value {
  const { middle, zero, none, one, level } = constants;
  const scores = graph.contribOp('MatMulIntegerToFloat', [q, k, qScale, kScale, middle, zero]);
  const weights = graph.op('Softmax', [scores], { axis: -1 });
  const largest = graph.op('ReduceMax', [weights, graph.ints([1])], { keepdims: 1 });
  const scale = graph.op('Mul', [largest, level]);
  const rounded = graph.op('QuantizeLinear', [weights, graph.op('Reshape', [scale, graph.ints([-1])])], { axis: 0 });
  return graph.op('Mul', [graph.contribOp('MatMulIntegerToFloat', [rounded, v, one, vScale, none, zero]), scale]);
}

/** Rounds [S, D] to 8 bits, each head by itself. @returns `values` [heads, S, size], `scale` [heads] */
function round(
  graph: Graph,
  x: Value,
  { type, sequence, heads, size }: { type: 'int8' | 'uint8' } & HeadForm,
): { values: Value; scale: Value } {
  const byHead = graph.op('Reshape', [x, graph.ints([sequence, heads, size])]);
  const extreme = (operator: 'ReduceMax' | 'ReduceMin') => graph.op(operator, [byHead, graph.ints([2])]);
  const magnitudes = graph.op('Max', [extreme('ReduceMax'), graph.op('Neg', [extreme('ReduceMin')])]);
  const ofHeads = graph.op('Reshape', [graph.op('ReduceMax', [magnitudes, graph.ints([0])]), graph.ints([heads, 1])]);
  const largest = graph.op('Max', [ofHeads, graph.floats([SMALLEST], [])]);
  const factors = graph.op('Expand', [
    graph.op('Div', [graph.floats([LARGEST], []), largest]),
    graph.ints([heads, size]),
  ]);
  const scaled = graph.op('Mul', [x, graph.op('Reshape', [factors, graph.ints([-1])])]);
  const rounded = graph.op('QuantizeLinear', [scaled, graph.floats([1], []), scalar(graph, type, zeroOf(type))]);
  const split = graph.op('Reshape', [rounded, graph.ints([sequence, heads, size])]);
  const scale = graph.op('Mul', [largest, graph.floats([1 / LARGEST], [])]);
  return {
    values: graph.op('Transpose', [split], { perm: [1, 0, 2] }),
    scale: graph.op('Reshape', [scale, graph.ints([-1])]),
  };
}

function zeroOf(type: 'int8' | 'uint8'): number {
  return type === 'int8' ? 0 : MIDDLE;
}

function scalar(graph: Graph, type: 'int8' | 'uint8', value: number): Value {
  return graph.cast(graph.ints([value], []), type);
}
