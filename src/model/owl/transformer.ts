import { overflowsIn8Bits } from '../../disk/machine/cpu.js';
import type { Graph } from '../../onnx/graph.js';
import type { StoredTensor, Value } from '../../onnx/messages.js';
import { attendRows } from './attention.js';
import type { TransformerConfig } from './config.js';
import { attendIn8Bits } from './quantised-attention.js';

/** Which forms of operators a graph uses: on each provider the fastest (`npm run bench -- forms`). */
export interface OperatorChoice {
  /** Slices of the MLP's hidden width; 2 keep the second product's K at 1,536, where sgemm is faster. */
  readonly mlpSlices: number;
  readonly plainAttention?: boolean; // out of basic operators, where the fused one is wrong or missing
}

export const CPU_OPERATORS: OperatorChoice = { mlpSlices: 2 };

/** QuickGelu is x · sigmoid(1.702 · x). @see https://github.com/hendrycks/GELUs */
export const QUICK_GELU_ALPHA = 1.702;

type FloatType = 'float32' | 'float16';

/** How weights are seen: from which name on, and as which type. */
interface WeightScope {
  readonly prefix: string;
  readonly as: FloatType;
}

/** Gives weights to a graph by their name in the checkpoint, as one float type (folded when the graph is opened). */
export class GraphWeights {
  readonly #graph: Graph;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #scope: WeightScope;

  constructor(
    graph: Graph,
    tensors: ReadonlyMap<string, StoredTensor>,
    scope: WeightScope = { prefix: '', as: 'float32' },
  ) {
    this.#graph = graph;
    this.#tensors = tensors;
    this.#scope = scope;
  }

  /** The same weights, seen from further inside: names then leave out `prefix`. */
  within(prefix: string): GraphWeights {
    return new GraphWeights(this.#graph, this.#tensors, { ...this.#scope, prefix: `${this.#scope.prefix}${prefix}.` });
  }

  /** The same weights as another type. */
  as(type: FloatType): GraphWeights {
    return new GraphWeights(this.#graph, this.#tensors, { ...this.#scope, as: type });
  }

  /** This matrix is in 8 bits, and has a `weight_scale` beside it. */
  isQuantised(name: string): boolean {
    return this.#tensors.get(this.#scope.prefix + name)?.type === 'int8';
  }

  /** @throws Error naming the tensor that the checkpoint lacks or that has another shape. */
  get(name: string, shape: readonly number[]): Value {
    return this.#cast(this.#find(name, shape));
  }

  /** Some rows of a matrix, or a part of a vector: a range of bytes in the file, so nothing is copied. */
  rows(name: string, shape: readonly number[], range: { from: number; to: number }): Value {
    const tensor = this.#find(name, shape);
    if (tensor.axes !== undefined) {
      const bounds = [range.from, range.to, 0].map((index) => this.#graph.ints([index]));
      return this.#graph.op('Slice', [this.#cast(tensor), ...bounds]);
    }
    const rowBytes = tensor.sizeBytes / shape[0]!;
    return this.#cast({
      ...tensor,
      shape: [range.to - range.from, ...shape.slice(1)],
      offset: tensor.offset + range.from * rowBytes,
      sizeBytes: (range.to - range.from) * rowBytes,
    });
  }

  #cast(tensor: StoredTensor): Value {
    const value = this.#graph.stored(tensor);
    const { as } = this.#scope;
    if (tensor.type === as || tensor.type === 'int8') return value;
    return this.#graph.cast(value, as);
  }

  #find(name: string, shape: readonly number[]): StoredTensor {
    const fullName = this.#scope.prefix + name;
    const tensor = this.#tensors.get(fullName);
    if (tensor === undefined) throw new Error(`the checkpoint has no tensor "${fullName}"`);
    if (tensor.shape.join() !== shape.join()) {
      throw new Error(`"${fullName}" has shape [${tensor.shape.join()}], not [${shape.join()}]`);
    }
    return tensor;
  }
}

/**
 * `x` · weightᵀ + bias, on a matrix [rows, inputs]. Float weights keep PyTorch's [outputs, inputs]; 8-bit ones are
 * [inputs, outputs], and `x` is rounded to 8 bits over its whole range when the graph runs.
 *
 * @param layer - `isShiftIgnored`: the reader gives the same for every bias. In 8 bits it is then left out.
 */
export function linear(
  graph: Graph,
  x: Value,
  layer: { weights: GraphWeights; inputs: number; outputs: number; isShiftIgnored?: boolean },
): Value {
  const { weights, inputs, outputs } = layer;
  if (weights.isQuantised('weight')) {
    const matrix = [weights.get('weight', [inputs, outputs]), weights.get('weight_scale', [outputs])];
    const bias = layer.isShiftIgnored === true ? [] : ['', weights.get('bias', [outputs])];
    return graph.contribOp('DynamicQuantizeMatMul', [x, ...matrix, ...bias]);
  }
  return graph.op('Gemm', [x, weights.get('weight', [outputs, inputs]), weights.get('bias', [outputs])], { transB: 1 });
}

export function layerNorm(
  graph: Graph,
  x: Value,
  norm: { weights: GraphWeights; width: number; epsilon: number },
): Value {
  const { weights, width, epsilon } = norm;
  return graph.op('LayerNormalization', [x, weights.get('weight', [width]), weights.get('bias', [width])], {
    epsilon: { float: epsilon },
  });
}

/**
 * A CLIP encoder: pre-norm attention and MLP, without a final norm. The residual stream is a matrix [N * S, D].
 *
 * @param x - [N * S, D]
 * @param encoder - `sequence` is S; `causal` for text.
 * @returns [N * S, D]
 * @see transformers `OwlViTEncoderLayer`
 */
export function transformer(
  graph: Graph,
  x: Value,
  encoder: {
    weights: GraphWeights;
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
      sequence: encoder.sequence,
      causal: encoder.causal,
      plain: encoder.operators.plainAttention === true,
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
  layer: {
    weights: GraphWeights;
    config: TransformerConfig;
    folded: Value;
    sequence: number | Value;
    causal: boolean;
    plain: boolean;
  },
): Value {
  const { sequence } = layer;
  const width = layer.config.hidden_size;
  const heads = layer.config.num_attention_heads;
  const project = (name: string) => {
    // A bias of the keys adds the same to all scores of a query, which softmax takes out again.
    const isShiftIgnored = name === 'k_proj';
    return linear(graph, x, { weights: layer.weights.within(name), inputs: width, outputs: width, isShiftIgnored });
  };
  const projected = { q: project('q_proj'), k: project('k_proj'), v: project('v_proj') };
  const rows =
    layer.weights.within('q_proj').isQuantised('weight') && typeof sequence === 'number'
      ? attendIn8Bits(graph, projected, { width, heads, sequence, right: overflowsIn8Bits() ? 'uint8' : 'int8' })
      : attendRows(graph, projected, { ...layer, width, heads });
  return linear(graph, rows, { weights: layer.weights.within('out_proj'), inputs: width, outputs: width });
}

function mlp(
  graph: Graph,
  x: Value,
  layer: { weights: GraphWeights; config: TransformerConfig; mlpSlices: number },
): Value {
  const { hidden_size: width, intermediate_size: inner } = layer.config;
  const fc1 = layer.weights.within('fc1');
  const fc2 = layer.weights.within('fc2');
  if (fc1.isQuantised('weight')) {
    const hidden = linear(graph, x, { weights: fc1, inputs: width, outputs: inner });
    // the rest is in the weights
    const activated = activation(graph, hidden, { kind: layer.config.hidden_act, alpha: 1 });
    return linear(graph, activated, { weights: fc2, inputs: inner, outputs: width });
  }
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
    sum = graph.op('Gemm', [activation(graph, hidden, { kind: layer.config.hidden_act }), slice, sum], { transB: 1 });
  }
  return sum;
}

/** `x` · sigmoid(alpha · `x`), or exact GELU. */
function activation(
  graph: Graph,
  x: Value,
  { kind, alpha = QUICK_GELU_ALPHA }: { kind: TransformerConfig['hidden_act']; alpha?: number },
): Value {
  return kind === 'quick_gelu' ? graph.contribOp('QuickGelu', [x], { alpha: { float: alpha } }) : gelu(graph, x);
}

/** The exact (erf) form. */
export function gelu(graph: Graph, x: Value): Value {
  return graph.contribOp('Gelu', [x]);
}
