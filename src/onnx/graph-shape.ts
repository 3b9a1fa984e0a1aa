import type { Graph } from './graph.js';
import type { Value } from './messages.js';

/** One length of a shape: known when the graph is built, or a value [1] int64 of the graph. */
export type Length = number | Value;

/** A shape for Reshape: a constant where all of it is known. */
export function shapeOf(graph: Graph, lengths: readonly Length[]): Value {
  const known = lengths.filter((length) => typeof length === 'number');
  if (known.length === lengths.length) return graph.ints(known);
  return graph.op(
    'Concat',
    lengths.map((length) => lengthOf(graph, length)),
    { axis: 0 },
  );
}

export function lengthOf(graph: Graph, length: Length): Value {
  return typeof length === 'number' ? graph.ints([length]) : length;
}
