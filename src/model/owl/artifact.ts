import { messageOf, PreannotateError } from '../../core/errors.js';
import type { Artifact, ArtifactOptions } from '../artifact.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { operatorsFor } from './operators.js';
import { imageGraph, textGraph } from './graphs.js';

/** A checkpoint of weights: its graphs are ours. */
export function ownArtifact(checkpoint: Checkpoint, { precision, device, imageWeights }: ArtifactOptions): Artifact {
  const weights = imageWeights ?? checkpoint;
  const form = { weights, half: precision === 'fp16', operators: operatorsFor(device) };
  return {
    // 8-bit activations are scaled over a whole batch: alone, an image's result cannot depend on its neighbours.
    imagesAtOnce: precision === 'int8' ? 1 : Infinity,
    textsAtOnce: Infinity,
    image: (options) => ({
      graph: build(checkpoint, () => imageGraph(checkpoint, { ...options, ...form })),
      weightsFolder: weights.weightsFolder,
    }),
    text: () => ({ graph: build(checkpoint, () => textGraph(checkpoint)), weightsFolder: checkpoint.weightsFolder }),
  };
}

/** Builds a graph; a checkpoint that lacks a tensor is the user's to mend, so its folder is named. */
function build({ folder }: Checkpoint, graph: () => Uint8Array): Uint8Array {
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
