import type { OnnxNode } from './node.js';
import type { OnnxModel } from './read.js';

/** Operators whose answer depends on how large their input is, not on what is in it. */
const SHAPE_ONLY: ReadonlySet<string> = new Set(['Shape', 'Size']);

/** The edges of a graph. Nodes go by their place in `model.nodes`. */
export interface Edges {
  readonly model: OnnxModel;
  readonly makerOf: ReadonlyMap<string, number>; // of a value: its node
}

/** @throws Error when a node reads what no earlier node makes: then there is no order of computation. */
export function edgesOf(model: OnnxModel): Edges {
  const makerOf = new Map<string, number>();
  for (const [i, { name, type, inputs, outputs }] of model.nodes.entries()) {
    const given = (value: string) => value === '' || makerOf.has(value) || isGiven(model, value);
    const missing = inputs.find((value) => !given(value));
    if (missing !== undefined)
      throw new Error(`node "${name}" (${type}) reads "${missing}", which nothing before it makes`);
    for (const value of outputs) {
      if (value === '') continue;
      if (makerOf.has(value) || isGiven(model, value)) throw new Error(`there are two values "${value}"`);
      makerOf.set(value, i);
    }
  }
  return { model, makerOf };
}

function isGiven({ initializers, inputs }: OnnxModel, value: string): boolean {
  return initializers.has(value) || inputs.has(value);
}

/**
 * The nodes that depend on any of some values.
 *
 * @param by - `content` leaves out those that depend on no more than a value's shape.
 */
export function dependents(
  { model }: Edges,
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

/** The nodes that some values are made by, in the order of computation; those before `given` values are left out. */
export function makersOf(
  { model, makerOf }: Edges,
  values: readonly string[],
  given: ReadonlySet<string> = new Set(),
): number[] {
  const nodes = new Set<number>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const maker = given.has(value) ? undefined : makerOf.get(value);
    if (maker === undefined || nodes.has(maker)) continue;
    nodes.add(maker);
    open.push(...model.nodes[maker]!.inputs);
  }
  return [...nodes].sort((a, b) => a - b);
}

/**
 * Of nodes that all lie on ways from some roots to one end, those that no way passes by.
 *
 * In the order of computation every edge goes forward, so a node can be passed by exactly where an edge spans it.
 *
 * @param nodes - In the order of computation.
 */
export function bottlenecks({ model, makerOf }: Edges, nodes: readonly number[]): number[] {
  const placeOf = new Map(nodes.map((node, place) => [node, place]));
  const farthest = nodes.map((_, place) => place); // that an edge from this node reaches
  let farthestRoot = 0;
  for (const [place, node] of nodes.entries()) {
    const makers = model.nodes[node]!.inputs.flatMap((value) => placeOf.get(makerOf.get(value) ?? -1) ?? []);
    for (const maker of makers) farthest[maker] = Math.max(farthest[maker]!, place);
    if (makers.length === 0) farthestRoot = place;
  }
  const narrow: number[] = [];
  let reach = farthestRoot;
  for (const [place, node] of nodes.entries()) {
    if (reach <= place) narrow.push(node);
    reach = Math.max(reach, farthest[place]!);
  }
  return narrow;
}

/** The values that nodes read and do not make. */
export function readBy({ model }: Edges, nodes: readonly number[]): ReadonlySet<string> {
  const made = new Set(nodes.flatMap((node) => model.nodes[node]!.outputs));
  return new Set(
    nodes.flatMap((node) => model.nodes[node]!.inputs.filter((value) => value !== '' && !made.has(value))),
  );
}

/** A node in words, for messages. */
export function nodeName({ name, type }: OnnxNode): string {
  return name === '' ? `a ${type}` : `"${name}" (${type})`;
}
