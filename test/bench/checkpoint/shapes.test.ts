import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OwlCheckpoint } from '../../../src/model/owl/config.js';
import { readOwlCheckpoint } from '../../support/model/owl.js';
import { traitsOf } from '../../../src/model/families.js';
import { buildImageGraph, buildTextGraph } from '../../../src/model/owl/graphs.js';
import { buildSafetensorsHeader } from '../../../src/disk/safetensors/header.js';
import type { StoredTensor } from '../../../src/onnx/messages.js';
import { temporaryFolder } from '../../support/temporary.js';
import { tensorsOf } from './random-tensors.js';
import { configOf, preprocessorOf, SHAPES, type ShapeName } from './shapes.js';

const NAMES = Object.keys(SHAPES) as ShapeName[];

/** What detection does not look at: the contrastive head of CLIP, and how much of an object a patch shows. */
const UNUSED = /^(owlvit|owlv2)\.(logit_scale|visual_projection\.weight)$|^objectness_head\./;

describe.each(NAMES)('the sizes of %s', (name) => {
  it('are those that the graphs ask for, tensor by tensor, and nothing else is in the checkpoint', async () => {
    const { checkpoint, asked } = await checkpointOf(name);
    build(checkpoint);
    const unused = [...checkpoint.tensors.keys()].filter((each) => !asked.has(each));
    expect(unused.filter((each) => !UNUSED.test(each))).toEqual([]);
    expect(unused.some((each) => each.startsWith('objectness_head.'))).toBe(name.startsWith('owlv2'));
  });

  it('cannot lack a tensor or have it in another shape: the message names it', async () => {
    const { checkpoint, asked } = await checkpointOf(name);
    build(checkpoint);
    const tensors = new Map(checkpoint.tensors);
    for (const each of [...asked].filter((_, i) => i % 90 === 0)) {
      const tensor = tensors.get(each)!;
      tensors.delete(each);
      expect(() => build({ ...checkpoint, tensors })).toThrow(`"${each}"`);
      tensors.set(each, { ...tensor, shape: [...tensor.shape, 1] });
      expect(() => build({ ...checkpoint, tensors })).toThrow(`"${each}"`);
      tensors.set(each, tensor);
    }
  });
});

it.each<[ShapeName, number, number]>([
  ['owlvit-base-patch32', 576, 153],
  ['owlvit-base-patch16', 2304, 153],
  ['owlvit-large-patch14', 3600, 434],
  ['owlv2-base-patch16', 3600, 155],
  ['owlv2-large-patch14', 5184, 438],
])('%s sees %i patches with %i million numbers', async (name, patches, millions) => {
  const { checkpoint } = await checkpointOf(name);
  const traits = traitsOf(checkpoint);
  expect(traits.patches(traits.inputSize())).toBe(patches);
  const bytes = [...checkpoint.tensors.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  expect(Math.round(bytes / 4e6)).toBe(millions);
});

function build(checkpoint: OwlCheckpoint): void {
  buildImageGraph(checkpoint, { size: traitsOf(checkpoint).inputSize(), maxDetections: 300 });
  buildTextGraph(checkpoint);
}

/** A checkpoint of these sizes, its numbers a hole in the file, and which of its tensors were asked for so far. */
async function checkpointOf(name: ShapeName): Promise<{ checkpoint: OwlCheckpoint; asked: Set<string> }> {
  const shape = SHAPES[name];
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'config.json'), JSON.stringify(configOf(shape)));
  await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessorOf(shape)));
  const entries = tensorsOf(shape).map((tensor) => ({ ...tensor, type: 'float32' as const }));
  const header = buildSafetensorsHeader(entries, {});
  const path = join(folder, 'model.safetensors');
  await writeFile(path, header);
  await truncate(path, header.length + entries.reduce((sum, tensor) => sum + 4 * countOf(tensor.shape), 0));
  const checkpoint = await readOwlCheckpoint(folder);
  const asked = new Set<string>();
  const tensors = new Map(checkpoint.tensors);
  tensors.get = (key) => {
    asked.add(key);
    return Map.prototype.get.call(tensors, key) as StoredTensor | undefined;
  };
  return { checkpoint: { ...checkpoint, tensors }, asked };
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
