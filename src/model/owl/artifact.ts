import { sharesWeights, type Device } from '../../core/device.js';
import { messageOf, PreannotateError } from '../../core/errors.js';
import type { Artifact, ArtifactOptions } from '../artifact.js';
import { openExport } from '../export/artifact.js';
import type { ModelTraits } from '../family.js';
import type { OwlCheckpoint } from './config.js';
import { buildExampleGraph } from './example-graph.js';
import { buildEncodingGraph, buildQueryGraph } from './feature-graphs.js';
import { buildImageGraph, buildTextGraph } from './graphs.js';
import { CPU_OPERATORS, type OperatorChoice } from './transformer.js';

const GPU_OPERATORS: OperatorChoice = { mlpSlices: 1 }; // slices only suit a CPU's caches

const SHARING_OPERATORS: OperatorChoice = { mlpSlices: 1 }; // slices would be copied for every image

/** CoreML has no fused attention, and WebGPU's is wrong: see `attention.ts`. */
const BASIC_OPERATORS: OperatorChoice = { mlpSlices: 1, plainAttention: true };

/** The forms of the image graph's operators that suit a provider. */
const OPERATORS: Readonly<Record<Device['provider'], OperatorChoice>> = {
  cpu: CPU_OPERATORS,
  cuda: GPU_OPERATORS,
  dml: GPU_OPERATORS,
  webgpu: BASIC_OPERATORS,
  coreml: BASIC_OPERATORS,
};

/** @throws PreannotateError MODEL_INVALID naming the file, here or when one of its graphs is built. */
export async function openOwlArtifact(
  checkpoint: OwlCheckpoint,
  traits: ModelTraits,
  options: ArtifactOptions,
): Promise<Artifact> {
  const { exported } = checkpoint;
  return exported === undefined ? buildGraphs(checkpoint, options) : openExport(checkpoint, exported, traits);
}

/** A checkpoint of weights: its graphs are built here. */
function buildGraphs(checkpoint: OwlCheckpoint, options: ArtifactOptions): Artifact {
  const { precision, device, imageWeights } = options;
  const weights = imageWeights ?? checkpoint;
  const operators = sharesWeights(options) ? SHARING_OPERATORS : OPERATORS[device.provider];
  const form = { weights, half: precision === 'fp16', operators };
  return {
    // 8-bit activations are scaled over a whole batch: alone, an image's result cannot depend on its neighbours.
    imagesAtOnce: precision === 'int8' ? 1 : Infinity,
    textsAtOnce: Infinity,
    image: (options) => ({
      graph: build(checkpoint, () => buildImageGraph(checkpoint, { ...options, ...form })),
      weightsFolder: weights.weightsFolder,
    }),
    features: {
      encoding: (options) => ({
        graph: build(checkpoint, () => buildEncodingGraph(checkpoint, { ...options, ...form })),
        weightsFolder: weights.weightsFolder,
      }),
      query: (options) => ({
        graph: build(checkpoint, () => buildQueryGraph(checkpoint, options)),
        weightsFolder: weights.weightsFolder,
      }),
    },
    example: (options) => ({
      graph: build(checkpoint, () => buildExampleGraph(checkpoint, options)),
      weightsFolder: checkpoint.weightsFolder,
    }),
    text: () => ({
      graph: build(checkpoint, () => buildTextGraph(checkpoint)),
      weightsFolder: checkpoint.weightsFolder,
    }),
  };
}

/** Builds a graph. A checkpoint that lacks a tensor is for the user to fix, so the error names its folder. */
function build({ folder }: OwlCheckpoint, graph: () => Uint8Array): Uint8Array {
  try {
    return graph();
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'MODEL_INVALID',
        message: `${folder}: ${messageOf(error)}.`,
        hint: 'The weights and config.json do not belong together. Fetch the checkpoint again.',
      },
      error,
    );
  }
}
