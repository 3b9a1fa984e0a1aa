import type { StoredTensor } from '../../onnx/messages.js';
import { foldNorm, quantise, quantisePatchKernel, type Linear } from '../quantise/quantise.js';
import type { PlannedTensor, QuantisationStep, Read } from '../quantise/quantised-weights.js';
import type { OwlCheckpoint } from './config.js';
import { QUICK_GELU_ALPHA } from './transformer.js';

/**
 * How everything that the image graph reads is made, in order: the parts that become 8 bits, then the rest in float32.
 * A LayerNorm goes into the layers after it, and QuickGelu's factor into the layers around it.
 */
export function planQuantisation(checkpoint: OwlCheckpoint): QuantisationStep[] {
  const { config, modelType } = checkpoint;
  const tower = `${modelType}.vision_model`;
  const { hidden_size: width, intermediate_size: inner, num_hidden_layers: layers } = config.vision_config;
  // x · sigmoid(a · x) is computed as (a · x) · sigmoid(a · x), with a in the weights before and 1 / a in those after.
  const alpha = config.vision_config.hidden_act === 'quick_gelu' ? QUICK_GELU_ALPHA : 1;
  const steps: QuantisationStep[] = [planPatchEmbedding(checkpoint, `${tower}.embeddings.patch_embedding`)];
  for (let i = 0; i < layers; i++) {
    const layer = `${tower}.encoder.layers.${i}`;
    const [norm1, norm2] = [`${layer}.layer_norm1`, `${layer}.layer_norm2`];
    for (const name of ['q_proj', 'k_proj', 'v_proj']) {
      steps.push(planLinear(`${layer}.self_attn.${name}`, { inputs: width, outputs: width, norm: norm1 }));
    }
    steps.push(planLinear(`${layer}.self_attn.out_proj`, { inputs: width, outputs: width }));
    steps.push(planLinear(`${layer}.mlp.fc1`, { inputs: width, outputs: inner, norm: norm2, factor: alpha }));
    steps.push(planLinear(`${layer}.mlp.fc2`, { inputs: inner, outputs: width, weightFactor: 1 / alpha }));
    steps.push(planIdentityNorm(norm1, width), planIdentityNorm(norm2, width));
  }
  steps.push(planLinear('class_head.dense0', { inputs: width, outputs: config.text_config.hidden_size }));
  for (const name of ['box_head.dense0', 'box_head.dense1']) {
    steps.push(planLinear(name, { inputs: width, outputs: width }));
  }
  const made = new Set(steps.flatMap(({ makes }) => makes.map(({ name }) => name)));
  const rest = [...checkpoint.tensors].filter(([name]) => !made.has(name) && belongsToImageGraph(name, modelType));
  return [...steps, ...rest.map(([name, tensor]) => planCopy(name, tensor))];
}

function belongsToImageGraph(name: string, modelType: string): boolean {
  return (
    name.startsWith(`${modelType}.vision_model.`) || /^(class_head|box_head|objectness_head|layer_norm)\./.test(name)
  );
}

/** @param layer - `factor` is of the output, `weightFactor` of the weights alone. */
function planLinear(
  name: string,
  layer: { inputs: number; outputs: number; norm?: string; factor?: number; weightFactor?: number },
): QuantisationStep {
  const { inputs, outputs, norm } = layer;
  return {
    makes: listQuantisedTensors(name, inputs, outputs),
    make: async (read) => {
      const stored = await readLinear(read, name, layer);
      const linear = norm === undefined ? stored : foldNorm(stored, await readNorm(read, norm, inputs));
      const { values, scales } = quantise(linear.weight, outputs);
      const { factor = 1, weightFactor = factor } = layer;
      const scaled = scales.map((scale) => scale * weightFactor);
      return [bytesOf(values), bytesOf(scaled), bytesOf(linear.bias.map((bias) => bias * factor))];
    },
  };
}

async function readLinear(read: Read, name: string, layer: { inputs: number; outputs: number }): Promise<Linear> {
  const { inputs, outputs } = layer;
  return { weight: await read(`${name}.weight`, outputs * inputs), bias: await read(`${name}.bias`, outputs) };
}

async function readNorm(read: Read, name: string, width: number) {
  return { weight: await read(`${name}.weight`, width), bias: await read(`${name}.bias`, width) };
}

function planPatchEmbedding({ config, preprocessor }: OwlCheckpoint, name: string): QuantisationStep {
  const { hidden_size: outputs, patch_size: patch } = config.vision_config;
  const { image_mean: mean, image_std: std } = preprocessor;
  return {
    makes: listQuantisedTensors(name, patch * patch * 3, outputs),
    make: async (read) => {
      const kernel = await read(`${name}.weight`, outputs * patch * patch * 3);
      const { values, scales, bias } = quantisePatchKernel(kernel, { outputs, mean, std });
      return [bytesOf(values), bytesOf(scales), bytesOf(bias)];
    },
  };
}

function listQuantisedTensors(name: string, inputs: number, outputs: number): PlannedTensor[] {
  return [
    { name: `${name}.weight`, type: 'int8', shape: [inputs, outputs] },
    { name: `${name}.weight_scale`, type: 'float32', shape: [outputs] },
    { name: `${name}.bias`, type: 'float32', shape: [outputs] },
  ];
}

/** A LayerNorm whose scale and shift went into the layers after it. */
function planIdentityNorm(name: string, width: number): QuantisationStep {
  return {
    makes: ['weight', 'bias'].map((part) => ({ name: `${name}.${part}`, type: 'float32', shape: [width] })),
    make: () => Promise.resolve([bytesOf(new Float32Array(width).fill(1)), bytesOf(new Float32Array(width))]),
  };
}

function planCopy(name: string, { shape }: StoredTensor): QuantisationStep {
  return {
    makes: [{ name, type: 'float32', shape }],
    make: async (read) => [
      bytesOf(
        await read(
          name,
          shape.reduce((product, length) => product * length, 1),
        ),
      ),
    ],
  };
}

function bytesOf(values: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
