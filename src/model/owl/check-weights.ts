import { join } from 'node:path';
import { invalidFileError } from '../checkpoint/json-file.js';
import type { OwlCheckpoint } from './config.js';

type Tower = 'vision' | 'text';

/** One side of a tensor that a size in config.json must agree with. */
interface Agreement {
  readonly tower: Tower;
  readonly key: string; // of the tower's configuration
  readonly value: number;
  readonly tensor: string; // below the tower
  readonly axis: number;
  readonly expected?: number; // where the side is not the value itself
}

/**
 * Compares the sizes in config.json with the shapes of the weights, before anything is built from them. Tensors that
 * are not there are left to the graph, which names them.
 *
 * @throws PreannotateError MODEL_INVALID naming config.json, the key and the tensor
 */
export function requireMatchingWeights(checkpoint: OwlCheckpoint): void {
  const { tensors, modelType, folder } = checkpoint;
  if (tensors.size === 0) return; // an export, which has its sizes in its graph
  const differs = (key: string, value: number, what: string) =>
    invalidFileError(join(folder, 'config.json'), `${key} is ${value}, but ${what}`);
  for (const { tower, key, value, tensor, axis, expected = value } of agreements(checkpoint)) {
    const name = `${modelType}.${tower}_model.${tensor}`;
    const shape = tensors.get(name)?.shape;
    if (shape === undefined || shape[axis] === expected) continue;
    throw differs(`${tower}_config.${key}`, value, `the weights have "${name}" of shape [${shape.join()}]`);
  }
  for (const tower of ['vision', 'text'] as const) {
    const layers = countLayers(checkpoint, tower);
    const { num_hidden_layers: value } = checkpoint.config[`${tower}_config`];
    if (layers === value) continue;
    const what = `the weights have ${layers} layers below "${modelType}.${tower}_model"`;
    throw differs(`${tower}_config.num_hidden_layers`, value, what);
  }
}

function agreements({ config }: OwlCheckpoint): Agreement[] {
  const { vision_config: vision, text_config: text } = config;
  const fc1 = 'encoder.layers.0.mlp.fc1.weight';
  const [patches, positions] = ['embeddings.patch_embedding.weight', 'embeddings.position_embedding.weight'];
  const side = Math.floor(vision.image_size / vision.patch_size);
  const ofVision = [
    { key: 'hidden_size', value: vision.hidden_size, tensor: patches, axis: 0 },
    { key: 'patch_size', value: vision.patch_size, tensor: patches, axis: 2 },
    { key: 'image_size', value: vision.image_size, tensor: positions, axis: 0, expected: side * side + 1 },
    { key: 'intermediate_size', value: vision.intermediate_size, tensor: fc1, axis: 0 },
  ];
  const ofText = [
    { key: 'hidden_size', value: text.hidden_size, tensor: positions, axis: 1 },
    { key: 'max_position_embeddings', value: text.max_position_embeddings, tensor: positions, axis: 0 },
    { key: 'intermediate_size', value: text.intermediate_size, tensor: fc1, axis: 0 },
  ];
  const within = (tower: Tower) => (agreement: Omit<Agreement, 'tower'>) => ({ tower, ...agreement });
  return [...ofVision.map(within('vision')), ...ofText.map(within('text'))];
}

function countLayers({ tensors, modelType }: OwlCheckpoint, tower: Tower): number {
  const prefix = `${modelType}.${tower}_model.encoder.layers.`;
  const names = [...tensors.keys()].filter((name) => name.startsWith(prefix));
  return new Set(names.map((name) => name.slice(prefix.length).split('.')[0])).size;
}
