import type { Graph } from '../onnx/graph.js';
import type { Value } from '../onnx/messages.js';
import { lengthOf, shapeOf, type Length } from '../onnx/graph-shape.js';

/** The inputs of an image graph beside its pixels; `artifact.ts` has their shapes. */
export interface QueryInputs {
  readonly queries: Value;
  readonly groups: Value;
  readonly offsets: Value;
  readonly allowed: Value;
}

export function declareQueries(graph: Graph, embeddingWidth: number): QueryInputs {
  return {
    queries: graph.input('queries', 'float32', ['Q', embeddingWidth]),
    groups: graph.input('groups', 'int64', ['G', 'M']),
    offsets: graph.input('offsets', 'float32', ['G']),
    allowed: graph.input('allowed', 'float32', ['N', 'G']),
  };
}

/**
 * Ranks pairs of patch and class: a class scores as its best query does. What an image does not look for is masked
 * before anything wins, so that its answer is what it would be alone. A patch that a dropped group wins is out
 * altogether: that is what ignored prompts are for.
 *
 * @param logits - [N * P, Q].
 * @param ranking - `penalties` [N, P, 1] are added to all pairs of a patch; -infinity for one that is out.
 */
export function rankPairs(
  graph: Graph,
  logits: Value,
  ranking: QueryInputs & { patches: Length; most: number; penalties?: Value | undefined },
): void {
  const { groups, offsets, allowed, patches, most, penalties } = ranking;
  const groupCount = graph.op('Slice', [graph.op('Shape', [groups]), graph.ints([0]), graph.ints([1])]);
  const pairCount = graph.op('Mul', [groupCount, lengthOf(graph, patches)]);
  const perImage = graph.op('Concat', [graph.ints([-1]), pairCount], { axis: 0 });
  const perPatch = graph.op('Concat', [shapeOf(graph, [-1, patches]), groupCount], { axis: 0 });

  const grouped = graph.op('Gather', [logits, groups], { axis: 1 }); // [N * P, G, M]
  const member = graph.op('ArgMax', [grouped], { axis: 2, keepdims: 0 });
  const best = graph.op('ReduceMax', [grouped, graph.ints([2])], { keepdims: 0 });
  const mask = graph.op('Unsqueeze', [allowed, graph.ints([1])]); // [N, 1, G]
  const own = graph.op('Add', [graph.op('Reshape', [best, perPatch]), mask]); // [N, P, G]
  const winner = graph.op('ArgMax', [own], { axis: 2, keepdims: 1 });
  const wanted = graph.op('Add', [graph.op('Add', [own, offsets]), graph.op('Gather', [offsets, winner])]);
  const eligible = penalties === undefined ? wanted : graph.op('Add', [wanted, penalties]);

  const pairs = graph.op('Reshape', [eligible, perImage]);
  const [values, indices] = graph.topK(pairs, graph.op('Min', [pairCount, graph.ints([most])]));
  const members = graph.op('GatherElements', [graph.op('Reshape', [member, perImage]), indices], { axis: 1 });
  graph.output('scores', graph.op('Sigmoid', [values]), { type: 'float32', shape: ['N', 'K'] });
  graph.output('pairs', indices, { type: 'int64', shape: ['N', 'K'] });
  graph.output('members', members, { type: 'int64', shape: ['N', 'K'] });
}

/**
 * The same for one image whose groups are its queries, in their order, and none is dropped: values are what `rankPairs`
 * gives, as the best of one is that one, and what it adds is 0.
 *
 * @param logits - [P, Q].
 * @param ranking - `penalties` as above, [1, P, 1].
 */
export function rankQueries(
  graph: Graph,
  logits: Value,
  { most, penalties }: { most: number; penalties?: Value | undefined },
): void {
  const wanted = penalties === undefined ? logits : graph.op('Add', [logits, penalties]);
  const pairCount = graph.op('Reshape', [graph.op('Size', [logits]), graph.ints([1])]);
  const pairs = graph.op('Reshape', [wanted, graph.ints([1, -1])]);
  const [values, indices] = graph.topK(pairs, graph.op('Min', [pairCount, graph.ints([most])]));
  graph.output('scores', graph.op('Sigmoid', [values]), { type: 'float32', shape: [1, 'K'] });
  graph.output('pairs', indices, { type: 'int64', shape: [1, 'K'] });
}

/** Euclidean length of each row, kept as a column. */
export function l2Norm(graph: Graph, x: Value): Value {
  return graph.op('ReduceL2', [x, graph.ints([-1])], { keepdims: 1 });
}
