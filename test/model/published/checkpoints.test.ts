import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PUBLISHED } from '../../../src/model/published/checkpoints.js';
import { findPublished } from '../../../src/model/published/find-published.js';
import { tensorsOf } from '../../bench/checkpoint/random-tensors.js';
import { SHAPES, type Shape, type ShapeName } from '../../bench/checkpoint/shapes.js';
import { temporaryFolder } from '../../support/temporary.js';

/** AP of all and of rare classes. @see https://github.com/google-research/scenic/tree/main/scenic/projects/owl_vit */
const AUTHORS: Readonly<Record<string, readonly [number, number]>> = {
  'owlvit-base-patch32': [19.3, 16.9], // OWLv1 CLIP ViT-B/32
  'owlvit-base-patch16': [20.8, 17.1],
  'owlvit-large-patch14': [34.6, 31.2],
  'owlv2-base-patch16': [26.5, 29.5], // ST
  'owlv2-base-patch16-finetuned': [41.4, 36.2], // ST+FT
  'owlv2-base-patch16-ensemble': [43.9, 40.5], // ST/FT ens
  'owlv2-large-patch14': [32.8, 34.6],
  'owlv2-large-patch14-finetuned': [48.8, 44.0],
  'owlv2-large-patch14-ensemble': [44.6, 42.6],
};

function shapeOf(id: string): Shape {
  return SHAPES[id.replace('google/', '').replace(/-(finetuned|ensemble)$/, '') as ShapeName];
}

/** Multiplications of the image encoder: projections, MLP and attention of all layers. */
function workOf({ vision: { hidden, inner, layers, image, patch } }: Shape): number {
  const patches = Math.floor(image / patch) ** 2;
  return layers * patches * (4 * hidden * hidden + 2 * hidden * inner + 2 * patches * hidden);
}

const BASE = PUBLISHED.find(({ id }) => id === 'google/owlvit-base-patch32')!;

describe('the published checkpoints', () => {
  it('are all of the two families, with the AP that their authors give', () => {
    expect(Object.fromEntries(PUBLISHED.map(({ id, lvisAp, lvisApRare }) => [id, [lvisAp, lvisApRare]]))).toEqual(
      Object.fromEntries(Object.entries(AUTHORS).map(([name, ap]) => [`google/${name}`, ap])),
    );
  });

  it.each(PUBLISHED.map((one) => [one.id, one] as const))(
    '%s has the sizes and the time of its architecture',
    (id, one) => {
      const shape = shapeOf(id);
      expect(one.imageSide).toBe(shape.vision.image);
      const numbers = tensorsOf(shape).reduce((sum, tensor) => sum + tensor.shape.reduce((a, b) => a * b, 1), 0);
      expect(one.weightsMb).toBe(Math.round((4 * numbers) / 1e6));
      const { value, how } = one.relativeTime;
      const expected =
        how === 'computed'
          ? workOf(shape) / workOf(SHAPES['owlvit-base-patch32'])
          : BASE.imagesPerSec!.fp32 / one.imagesPerSec!.fp32;
      expect(value / expected).toBeGreaterThan(0.98);
      expect(value / expected).toBeLessThan(1.02);
    },
  );

  it.each(PUBLISHED.map((one) => [one.id, one] as const))(
    '%s has a source for everything that is recommended',
    (_, one) => {
      expect(Object.keys(one.sources)).toEqual(expect.arrayContaining(['ap', 'templates', 'fit', 'score_threshold']));
      for (const address of Object.values(one.sources)) expect(new URL(address).protocol).toBe('https:');
      const isOwlVit = shapeOf(one.id).family === 'owlvit';
      expect(one.settings.fit).toBe(isOwlVit ? 'stretch' : 'letterbox');
      expect(one.settings.scoreThreshold).toBe(isOwlVit ? 0.1 : 0.2);
      const isBare = !isOwlVit && /-patch\d+$/.test(one.id);
      expect(one.settings.templates).toBe(isBare ? 'none' : 'owl');
    },
  );
});

describe('a model is known as a published checkpoint', () => {
  const id = 'google/owlv2-base-patch16-ensemble';
  const commit = '0123456789'.repeat(4);

  it('by its id on the Hub, at any revision', () => {
    for (const reference of [id, `${id}@main`, `${id}@refs/pr/4`, `${id}@${commit}`]) {
      expect(findPublished(reference)?.id).toBe(id);
    }
    for (const reference of ['builtin:emoji', 'google/owlv2', `${id}-2`, `other/${id}`, './nowhere', '']) {
      expect(findPublished(reference)).toBeUndefined();
    }
  });

  it("by its folder in the Hub's cache, and not by that of any other folder", async () => {
    const folder = await temporaryFolder();
    const snapshot = join(folder, 'models--google--owlv2-base-patch16-ensemble/snapshots', commit);
    const own = join(folder, id);
    for (const path of [snapshot, own]) await mkdir(path, { recursive: true });
    expect(findPublished(snapshot)?.id).toBe(id);
    expect(findPublished(own)).toBeUndefined();
  });
});
