import type { TransformerConfig } from '../../../src/model/owl/config.js';
import type { GraphWeights } from '../../../src/model/owl/transformer.js';
import type { Graph } from '../../../src/onnx/graph.js';
import type { Value } from '../../../src/onnx/messages.js';

/**
 * `masks` are added to the attention scores [N, heads, S, S], one after the other.
 *
 * @see transformers `OwlViTEncoderLayer`
 */
export function encoder(
  graph: Graph,
  x: Value,
  { weights, config, masks = [] }: { weights: GraphWeights; config: TransformerConfig; masks?: readonly Value[] },
): Value {
  const { hidden_size: width, intermediate_size: inner, layer_norm_eps: epsilon } = config;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = weights.within(`layers.${i}`);
    const first = layerNorm(graph, x, { weights: layer.within('layer_norm1'), width, epsilon });
    x = graph.op('Add', [x, attention(graph, first, { weights: layer.within('self_attn'), config, masks })]);
    const second = layerNorm(graph, x, { weights: layer.within('layer_norm2'), width, epsilon });
    const hidden = linear(graph, second, { weights: layer.within('mlp.fc1'), inputs: width, outputs: inner });
    const gate = graph.op('Sigmoid', [graph.op('Mul', [hidden, graph.floats([1.702], [])])]);
    const active = graph.op('Mul', [hidden, gate]); // QuickGelu
    x = graph.op('Add', [
      x,
      linear(graph, active, { weights: layer.within('mlp.fc2'), inputs: inner, outputs: width }),
    ]);
  }
  return x;
}

/** @see transformers `OwlViTAttention` of the versions that published exports were made with: heads join the batch. */
function attention(
  graph: Graph,
  x: Value,
  { weights, config, masks }: { weights: GraphWeights; config: TransformerConfig; masks: readonly Value[] },
): Value {
  const { hidden_size: width, num_attention_heads: heads } = config;
  const headWidth = width / heads;
  const shape = graph.op('Shape', [x]);
  const leading = graph.op('Slice', [shape, graph.ints([0]), graph.ints([2])]);
  const length = graph.op('Slice', [shape, graph.ints([1]), graph.ints([2])]);
  const project = (name: string) => linear(graph, x, { weights: weights.within(name), inputs: width, outputs: width });
  const split = (projected: Value) => {
    const apart = graph.op('Reshape', [
      projected,
      graph.op('Concat', [leading, graph.ints([heads, headWidth])], { axis: 0 }),
    ]);
    const moved = graph.op('Transpose', [apart], { perm: [0, 2, 1, 3] });
    return graph.op('Reshape', [
      moved,
      graph.op('Concat', [graph.ints([-1]), length, graph.ints([headWidth])], { axis: 0 }),
    ]);
  };
  const queries = split(graph.op('Mul', [project('q_proj'), graph.floats([headWidth ** -0.5], [])]));
  const keys = graph.op('Transpose', [split(project('k_proj'))], { perm: [0, 2, 1] });
  let scores = graph.op('MatMul', [queries, keys]);
  const square = graph.op('Concat', [graph.ints([-1, heads]), length, length], { axis: 0 });
  for (const mask of masks) {
    const masked = graph.op('Add', [graph.op('Reshape', [scores, square]), mask]);
    scores = graph.op('Reshape', [masked, graph.op('Concat', [graph.ints([-1]), length, length], { axis: 0 })]);
  }
  const attended = graph.op('MatMul', [graph.op('Softmax', [scores], { axis: -1 }), split(project('v_proj'))]);
  const apart = graph.op('Concat', [graph.ints([-1, heads]), length, graph.ints([headWidth])], { axis: 0 });
  const moved = graph.op('Transpose', [graph.op('Reshape', [attended, apart])], { perm: [0, 2, 1, 3] });
  const together = graph.op('Reshape', [moved, graph.op('Concat', [leading, graph.ints([width])], { axis: 0 })]);
  return linear(graph, together, { weights: weights.within('out_proj'), inputs: width, outputs: width });
}

/** GraphWeights of the exporter are [inputs, outputs]; here ONNX Runtime turns them, once, when it opens the graph. */
export function linear(
  graph: Graph,
  x: Value,
  layer: { weights: GraphWeights; inputs: number; outputs: number },
): Value {
  const { weights, inputs, outputs } = layer;
  const matrix = graph.op('Transpose', [weights.get('weight', [outputs, inputs])], { perm: [1, 0] });
  return graph.op('Add', [weights.get('bias', [outputs]), graph.op('MatMul', [x, matrix])]);
}

/** Written out, as in opsets before 17. */
export function layerNorm(
  graph: Graph,
  x: Value,
  norm: { weights: GraphWeights; width: number; epsilon: number },
): Value {
  const { weights, width, epsilon } = norm;
  const mean = (value: Value) => graph.op('ReduceMean', [value, graph.ints([-1])]);
  const centred = graph.op('Sub', [x, mean(x)]);
  const variance = mean(graph.op('Pow', [centred, graph.floats([2], [])]));
  const deviation = graph.op('Sqrt', [graph.op('Add', [variance, graph.floats([epsilon], [])])]);
  const scaled = graph.op('Mul', [graph.op('Div', [centred, deviation]), weights.get('weight', [width])]);
  return graph.op('Add', [scaled, weights.get('bias', [width])]);
}

/** The exact form, written out. */
export function erfGelu(graph: Graph, x: Value): Value {
  const erf = graph.op('Erf', [graph.op('Div', [x, graph.floats([Math.SQRT2], [])])]);
  const gated = graph.op('Mul', [x, graph.op('Add', [erf, graph.floats([1], [])])]);
  return graph.op('Mul', [gated, graph.floats([0.5], [])]);
}

/** Along the last axis, which stays with length 1. */
export function l2Norm(graph: Graph, x: Value): Value {
  return graph.op('ReduceL2', [x, graph.ints([-1])]);
}
