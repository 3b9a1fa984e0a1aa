import type { Graph, StoredTensor, Value } from '../onnx/graph.js';
import type { TransformerConfig } from './checkpoint.js';

/** What the operators of a graph are chosen by. PERF: each was the fastest of its kind on the provider it is used on. */
export interface OperatorChoice {
  readonly mlpSlices: number; // of the MLP's hidden width; 2 keep the second product's K at 1,536, where sgemm is faster
}

export const CPU_OPERATORS: OperatorChoice = { mlpSlices: 2 };

/** Gives weights to a graph by their name in the checkpoint, widened to float32 (folded when the graph is opened). */
export class Weights {
  readonly #graph: Graph;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #prefix: string;

  constructor(graph: Graph, tensors: ReadonlyMap<string, StoredTensor>, prefix = '') {
    this.#graph = graph;
    this.#tensors = tensors;
    this.#prefix = prefix;
  }

  /** The same weights, seen from further inside: names then leave out `prefix`. */
  within(prefix: string): Weights {
    return new Weights(this.#graph, this.#tensors, `${this.#prefix}${prefix}.`);
  }

  /** @throws Error naming the tensor that the checkpoint lacks or that has another shape. */
  get(name: string, shape: readonly number[]): Value {
    return this.#widen(this.#find(name, shape));
  }

  /** Some rows of a matrix, or a part of a vector: a range of bytes in the file, so nothing is copied. */
  rows(name: string, shape: readonly number[], range: { from: number; to: number }): Value {
    const tensor = this.#find(name, shape);
    const rowBytes = tensor.sizeBytes / shape[0]!;
    return this.#widen({
      ...tensor,
      shape: [range.to - range.from, ...shape.slice(1)],
      offset: tensor.offset + range.from * rowBytes,
      sizeBytes: (range.to - range.from) * rowBytes,
    });
  }

  #widen(tensor: StoredTensor): Value {
    const value = this.#graph.stored(tensor);
    return tensor.type === 'float32' ? value : this.#graph.op('Cast', [value], { to: 1 });
  }

  #find(name: string, shape: readonly number[]): StoredTensor {
    const tensor = this.#tensors.get(this.#prefix + name);
    if (tensor === undefined) throw new Error(`the checkpoint has no tensor "${this.#prefix}${name}"`);
    if (tensor.shape.join() !== shape.join()) {
      throw new Error(`"${this.#prefix}${name}" has shape [${tensor.shape.join()}], not [${shape.join()}]`);
    }
    return tensor;
  }
}

/** `x` · weightᵀ + bias, on a matrix [rows, inputs]. Weights keep PyTorch's [outputs, inputs]. */
export function linear(graph: Graph, x: Value, layer: { weights: Weights; inputs: number; outputs: number }): Value {
  const { weights, inputs, outputs } = layer;
  return graph.op('Gemm', [x, weights.get('weight', [outputs, inputs]), weights.get('bias', [outputs])], { transB: 1 });
}

export function layerNorm(graph: Graph, x: Value, norm: { weights: Weights; width: number; epsilon: number }): Value {
  const { weights, width, epsilon } = norm;
  return graph.op('LayerNormalization', [x, weights.get('weight', [width]), weights.get('bias', [width])], {
    epsilon: { float: epsilon },
  });
}

/**
 * A CLIP encoder: pre-norm attention and MLP, without a final norm. The residual stream is a matrix [N * S, D].
 *
 * @param x - [N * S, D]
 * @param encoder - `sequence` is S; `causal` for text. `layer` is told of each layer's output, for tests.
 * @returns [N * S, D]
 * @see transformers `OwlViTEncoderLayer`
 */
export function transformer(
  graph: Graph,
  x: Value,
  encoder: {
    weights: Weights;
    config: TransformerConfig;
    sequence: number | Value;
    causal: boolean;
    operators: OperatorChoice;
  },
): Value {
  const { config, weights } = encoder;
  const width = config.hidden_size;
  const epsilon = config.layer_norm_eps;
  const folded = typeof encoder.sequence === 'string' ? encoder.sequence : graph.ints([-1, encoder.sequence, width]);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = weights.within(`layers.${i}`);
    const normed = layerNorm(graph, x, { weights: layer.within('layer_norm1'), width, epsilon });
    const attended = attention(graph, normed, {
      weights: layer.within('self_attn'),
      config,
      folded,
      causal: encoder.causal,
    });
    x = graph.op('Add', [x, attended]);
    const normed2 = layerNorm(graph, x, { weights: layer.within('layer_norm2'), width, epsilon });
    x = graph.op('Add', [x, mlp(graph, normed2, { weights: layer.within('mlp'), config, ...encoder.operators })]);
  }
  return x;
}

/** @param layer - `folded` is the shape [-1, S, D] that splits the rows into sequences. */
function attention(
  graph: Graph,
  x: Value,
  layer: { weights: Weights; config: TransformerConfig; folded: Value; causal: boolean },
): Value {
  const width = layer.config.hidden_size;
  const project = (name: string) => {
    const projected = linear(graph, x, { weights: layer.weights.within(name), inputs: width, outputs: width });
    return graph.op('Reshape', [projected, layer.folded]);
  };
  const attended = graph.contribOp('MultiHeadAttention', [project('q_proj'), project('k_proj'), project('v_proj')], {
    num_heads: layer.config.num_attention_heads,
    unidirectional: layer.causal ? 1 : 0,
  });
  const rows = graph.op('Reshape', [attended, graph.ints([-1, width])]);
  return linear(graph, rows, { weights: layer.weights.within('out_proj'), inputs: width, outputs: width });
}

function mlp(graph: Graph, x: Value, layer: { weights: Weights; config: TransformerConfig; mlpSlices: number }): Value {
  const { hidden_size: width, intermediate_size: inner } = layer.config;
  const fc1 = layer.weights.within('fc1');
  const fc2 = layer.weights.within('fc2');
  const slices = inner % layer.mlpSlices === 0 ? layer.mlpSlices : 1;
  const part = inner / slices;
  const columns = fc2.get('weight', [width, inner]);
  let sum = fc2.get('bias', [width]);
  for (let from = 0; from < inner; from += part) {
    const range = { from, to: from + part };
    const hidden = graph.op('Gemm', [x, fc1.rows('weight', [inner, width], range), fc1.rows('bias', [inner], range)], {
      transB: 1,
    });
    const slice =
      slices === 1
        ? columns
        : graph.op('Slice', [columns, graph.ints([from]), graph.ints([from + part]), graph.ints([1])]);
    sum = graph.op('Gemm', [activation(graph, hidden, layer.config.hidden_act), slice, sum], { transB: 1 });
  }
  return sum;
}

function activation(graph: Graph, x: Value, kind: TransformerConfig['hidden_act']): Value {
  return kind === 'quick_gelu' ? graph.contribOp('QuickGelu', [x], { alpha: { float: 1.702 } }) : gelu(graph, x);
}

/** The exact (erf) form. */
export function gelu(graph: Graph, x: Value): Value {
  return graph.contribOp('Gelu', [x]);
}
