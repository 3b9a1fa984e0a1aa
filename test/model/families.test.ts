import { cp, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FAMILIES, findFamily, listFamilies, traitsOf } from '../../src/model/families.js';
import type { ModelFamily } from '../../src/model/family.js';
import { DEFAULT_FORM, resolveForm } from '../../src/model/input-form.js';
import { readCheckpoint } from '../../src/model/read-checkpoint.js';
import { FIXTURES } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';

const SRC = resolve(import.meta.dirname, '../../src');

/**
 * A third family, as unlike the others as their interface allows: one input size, which is no square, and 900 boxes.
 */
const toy: ModelFamily<{ queries: number; longest: number }> = {
  modelType: 'toy-detector',
  title: 'Toy',
  loadSchemas: () =>
    Promise.resolve({
      config: z.object({ queries: z.number(), longest: z.number() }),
      preprocessor: z.object({
        image_mean: z.array(z.number()).default([0.5, 0.5, 0.5]),
        image_std: z.array(z.number()).default([1, 1, 1]),
      }),
    }),
  traits: ({ config }) => ({
    title: 'Toy',
    fit: { auto: 'grey', letterbox: 'letterbox', unrecorded: 'stretch' },
    slicesPositions: true,
    takesParts: false,
    nativeSide: config.longest,
    patchSize: 1,
    embeddingWidth: 256,
    maxTokens: 195,
    takesExamples: false,
    hasObjectness: false,
    normalisesQueries: false,
    vision: { layers: 6, width: 256, heads: 8 },
    text: { layers: 12, width: 768, heads: 12 },
    inputSize: () => ({ height: (config.longest * 3) / 4, width: config.longest }),
    patches: () => config.queries,
    work: ({ height, width }) => height * width,
  }),
  openTokenizer: () => expect.unreachable(),
  openArtifact: () => expect.unreachable(),
  planQuantisation: () => expect.unreachable(),
};

/** A copy of a model whose config.json is another one. */
async function withConfig(config: object): Promise<string> {
  const folder = await temporaryFolder();
  await cp(join(FIXTURES, 'models/owlvit-tiny'), folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'preprocessor_config.json'), '{}');
  return folder;
}

describe('a model family', () => {
  it.each([
    ['owlvit-tiny', 'OWL-ViT', { height: 96, width: 96 }, 36],
    ['owlv2-tiny', 'OWLv2', { height: 98, width: 98 }, 49],
  ] as const)('reads the traits of %s', async (model, title, size, patches) => {
    const traits = traitsOf(await readCheckpoint(join(FIXTURES, 'models', model)));
    expect(traits).toMatchObject({ title, maxTokens: 16, takesExamples: true, hasObjectness: title === 'OWLv2' });
    expect(traits.inputSize()).toEqual(size);
    expect(traits.patches(size)).toBe(patches);
  });

  it('that is added to the list is found by model_type, and reads its own configuration', async () => {
    const folder = await withConfig({ model_type: 'toy-detector', queries: 900, longest: 1333, ignored: true });
    const checkpoint = await readCheckpoint(folder, 'auto', [...FAMILIES, toy]);
    expect(checkpoint).toMatchObject({ modelType: 'toy-detector', config: { queries: 900, longest: 1333 } });
    expect(checkpoint.preprocessor).toEqual({ image_mean: [0.5, 0.5, 0.5], image_std: [1, 1, 1] });
    const traits = findFamily(checkpoint.modelType, [...FAMILIES, toy])!.traits(checkpoint);
    expect(resolveForm(traits, DEFAULT_FORM)).toEqual({ fit: 'grey', positions: 'interpolate' });
    expect(traits.inputSize({ height: 10, width: 10 })).toEqual({ height: 999.75, width: 1333 });
    expect(traits.patches(traits.inputSize())).toBe(900);
  });

  it('that is added to the list refuses a configuration that lacks what it needs, naming the file', async () => {
    const folder = await withConfig({ model_type: 'toy-detector', queries: 900 });
    await expect(readCheckpoint(folder, 'auto', [toy])).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/config\.json[^]*longest/) as string,
    });
  });

  it('that is not in the list is refused with the families that are', async () => {
    const folder = await withConfig({ model_type: 'grounding-dino' });
    await expect(readCheckpoint(folder)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message:
        `${join(folder, 'config.json')}: its model_type is "grounding-dino"; ` +
        `models of ${listFamilies(FAMILIES)} can be used.`,
    });
    await expect(readCheckpoint(folder, 'auto', [...FAMILIES, toy])).rejects.toThrow(/, Toy \(toy-detector\) can be/);
  });

  it('is alone in reading its configuration: no file outside src/model names a field of config.json', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const naming = (pattern: RegExp) => files.filter((name) => pattern.test(readFileSync(join(SRC, name), 'utf8')));
    const readers = naming(/vision_config|text_config/);
    expect(readers.length).toBeGreaterThan(3);
    expect(readers.filter((name) => !name.startsWith('model/owl/'))).toEqual([]);
    expect(naming(/model_type/).filter((name) => !name.startsWith('model/'))).toEqual([]);
  });
});
