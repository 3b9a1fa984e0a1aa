import type { TransformerConfig } from '../../../../src/model/owl/config.js';
import type { Value } from '../../../../src/onnx/messages.js';
import type { TorchGraph } from './torch-graph.js';

/** From opset 17 one operator; before, written out. */
export function layerNorm(torch: TorchGraph, x: Value, { name, epsilon }: { name: string; epsilon: number }): Value {
  const [weight, bias] = [torch.weight(`${name}.weight`), torch.weight(`${name}.bias`)];
  if (torch.options.opset >= 17) {
    return torch.op('LayerNormalization', [x, weight, bias], { axis: -1, epsilon: { float: epsilon } });
  }
  const mean = (value: Value) => torch.op('ReduceMean', [value, torch.graph.ints([-1])]);
  const centred = torch.op('Sub', [x, mean(x)]);
  const variance = mean(torch.op('Pow', [centred, torch.floats([2])]));
  const deviation = torch.op('Sqrt', [torch.op('Add', [variance, torch.floats([epsilon])])]);
  return torch.op('Add', [torch.op('Mul', [torch.op('Div', [centred, deviation]), weight]), bias]);
}

/** `masks` [texts, 1, L, L] are added to the scores one after the other. @see transformers `OwlViTEncoderLayer` */
export function encoder(
  torch: TorchGraph,
  x: Value,
  { name, config, masks }: { name: string; config: TransformerConfig; masks: readonly Value[] },
): Value {
  const epsilon = config.layer_norm_eps;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `${name}.layers.${i}`;
    const first = layerNorm(torch, x, { name: `${layer}.layer_norm1`, epsilon });
    x = torch.op('Add', [x, attention(torch, first, { name: `${layer}.self_attn`, config, masks })]);
    const second = layerNorm(torch, x, { name: `${layer}.layer_norm2`, epsilon });
    const hidden = torch.linear(second, `${layer}.mlp.fc1`);
    const gate = torch.op('Sigmoid', [torch.op('Mul', [torch.floats([1.702]), hidden])]);
    x = torch.op('Add', [x, torch.linear(torch.op('Mul', [hidden, gate]), `${layer}.mlp.fc2`)]);
  }
  return x;
}

/** @see transformers `OwlViTAttention`: heads join the batch */
function attention(
  torch: TorchGraph,
  x: Value,
  { name, config, masks }: { name: string; config: TransformerConfig; masks: readonly Value[] },
): Value {
  const { hidden_size: width, num_attention_heads: heads } = config;
  const headWidth = width / heads;
  const [rows, length] = [torch.size(x, 0), torch.size(x, 1)];
  const joined = torch.op('Mul', [rows, torch.int(heads)]);
  const split = (value: Value, count: Value | number) => {
    const apart = torch.op('Transpose', [torch.reshape(value, [rows, count, heads, headWidth])], {
      perm: [0, 2, 1, 3],
    });
    return torch.reshape(apart, [joined, -1, headWidth]);
  };
  const queries = split(
    torch.op('Mul', [torch.linear(x, `${name}.q_proj`), torch.floats([headWidth ** -0.5])]),
    length,
  );
  const keys = split(torch.linear(x, `${name}.k_proj`), -1);
  const values = split(torch.linear(x, `${name}.v_proj`), -1);
  let scores = torch.op('MatMul', [queries, torch.op('Transpose', [keys], { perm: [0, 2, 1] })]);
  for (const mask of masks) {
    const apart = torch.reshape(scores, [rows, heads, length, torch.size(keys, 1)]);
    scores = torch.reshape(torch.op('Add', [apart, mask]), [joined, length, torch.size(keys, 1)]);
  }
  const attended = torch.op('MatMul', [torch.op('Softmax', [scores], { axis: -1 }), values]);
  const apart = torch.reshape(attended, [rows, heads, length, headWidth]);
  const together = torch.reshape(torch.op('Transpose', [apart], { perm: [0, 2, 1, 3] }), [rows, length, width]);
  return torch.linear(together, `${name}.out_proj`);
}

/** Three linear layers with the exact GELU, written out, between them. */
export function predictionHead(torch: TorchGraph, x: Value, name: string): Value {
  const gelu = (value: Value) => {
    const erf = torch.op('Erf', [torch.op('Div', [value, torch.floats([Math.SQRT2])])]);
    const gated = torch.op('Mul', [value, torch.op('Add', [erf, torch.floats([1])])]);
    return torch.op('Mul', [gated, torch.floats([0.5])]);
  };
  const first = gelu(torch.linear(x, `${name}.dense0`));
  return torch.linear(gelu(torch.linear(first, `${name}.dense1`)), `${name}.dense2`);
}

/** Euclidean length along the last axis, which stays with length 1. */
export function norm(torch: TorchGraph, x: Value): Value {
  return torch.op('ReduceL2', [x, torch.graph.ints([-1])], { keepdims: 1 });
}
