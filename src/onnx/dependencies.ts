import type { OnnxNode } from './read-node.js';
import type { OnnxModel } from './read-model.js';

/** Operators whose output depends on the shape of their input only. */
const SHAPE_ONLY: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** The edges of a graph. Nodes are identified by their index in `model.nodes`. */
export interface GraphEdges {
  readonly model: OnnxModel;
  readonly producerOf: ReadonlyMap<string, number>; // value to the node that computes it
}

/** @throws Error when a node reads a value that no earlier node computes: the nodes are not in topological order. */
export function indexEdges(model: OnnxModel): GraphEdges {
  const producerOf = new Map<string, number>();
  for (const [i, { name, type, inputs, outputs }] of model.nodes.entries()) {
    const given = (value: string) => value === '' || producerOf.has(value) || isGiven(model, value);
    const missing = inputs.find((value) => !given(value));
    if (missing !== undefined)
      throw new Error(`node "${name}" (${type}) reads "${missing}", which no earlier node computes`);
    for (const value of outputs) {
      if (value === '') continue;
      if (producerOf.has(value) || isGiven(model, value)) throw new Error(`two nodes compute "${value}"`);
      producerOf.set(value, i);
    }
  }
  return { model, producerOf: producerOf };
}

function isGiven({ initializers, inputs }: OnnxModel, value: string): boolean {
  return initializers.has(value) || inputs.has(value);
}

/**
 * The nodes that depend on any of the values.
 *
 * @param by - `content` omits those that depend on a value's shape only.
 */
export function findDependents(
  { model }: GraphEdges,
  values: readonly string[],
  by: 'content' | 'content or shape',
): ReadonlySet<number> {
  const reached = new Set<string>(values);
  const nodes = new Set<number>();
  for (const [i, { type, inputs, outputs }] of model.nodes.entries()) {
    if (by === 'content' && SHAPE_ONLY.has(type)) continue;
    if (!inputs.some((value) => reached.has(value))) continue;
    nodes.add(i);
    for (const value of outputs) if (value !== '') reached.add(value);
  }
  return nodes;
}

/** The nodes that compute the values, in topological order; nodes that only compute `given` values are omitted. */
export function findProducers(
  { model, producerOf: producerOf }: GraphEdges,
  values: readonly string[],
  given: ReadonlySet<string> = new Set(),
): number[] {
  const nodes = new Set<number>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const producer = given.has(value) ? undefined : producerOf.get(value);
    if (producer === undefined || nodes.has(producer)) continue;
    nodes.add(producer);
    open.push(...model.nodes[producer]!.inputs);
  }
  return [...nodes].sort((a, b) => a - b);
}

/**
 * Of nodes that are all on paths from some roots to one end, those that every path goes through.
 *
 * In topological order every edge goes forward, so a path avoids a node exactly where an edge spans it.
 *
 * @param nodes - In topological order.
 */
export function findBottlenecks({ model, producerOf: producerOf }: GraphEdges, nodes: readonly number[]): number[] {
  const placeOf = new Map(nodes.map((node, place) => [node, place]));
  const farthest = nodes.map((_, place) => place); // that an edge from this node reaches
  let farthestRoot = 0;
  for (const [place, node] of nodes.entries()) {
    const producers = model.nodes[node]!.inputs.flatMap((value) => placeOf.get(producerOf.get(value) ?? -1) ?? []);
    for (const producer of producers) farthest[producer] = Math.max(farthest[producer]!, place);
    if (producers.length === 0) farthestRoot = place;
  }
  const narrow: number[] = [];
  let reach = farthestRoot;
  for (const [place, node] of nodes.entries()) {
    if (reach <= place) narrow.push(node);
    reach = Math.max(reach, farthest[place]!);
  }
  return narrow;
}

/** The values that the nodes read but do not compute. */
export function findInputs({ model }: GraphEdges, nodes: readonly number[]): ReadonlySet<string> {
  const made = new Set(nodes.flatMap((node) => model.nodes[node]!.outputs));
  return new Set(
    nodes.flatMap((node) => model.nodes[node]!.inputs.filter((value) => value !== '' && !made.has(value))),
  );
}

/** A node, for messages. */
export function describeNode({ name, type }: OnnxNode): string {
  return name === '' ? `a ${type}` : `"${name}" (${type})`;
}
