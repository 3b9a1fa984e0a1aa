import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fit, Positions, RequestedFit, RequestedPositions } from '../../src/core/inference/input-form.js';
import type { ImageSize } from '../../src/model/artifact.js';
import { traitsOf } from '../../src/model/families.js';
import { DEFAULT_FORM, describeInputSize, resolveForm } from '../../src/model/input-form.js';
import { readCheckpoint } from '../../src/model/read-checkpoint.js';
import { FIXTURES } from '../support/model/golden.js';

const traitsNamed = async (model: string) => traitsOf(await readCheckpoint(join(FIXTURES, 'models', model)));
const size = (height: number, width = height): ImageSize => ({ height, width });

it.each<[string, RequestedFit, Fit]>([
  ['owlvit-tiny', 'auto', 'stretch'],
  ['owlvit-tiny', 'stretch', 'stretch'],
  ['owlvit-tiny', 'letterbox', 'grey'],
  ['owlvit-tiny', 'grey', 'grey'],
  ['owlv2-tiny', 'auto', 'letterbox'],
  ['owlv2-tiny', 'stretch', 'stretch'],
  ['owlv2-tiny', 'letterbox', 'letterbox'],
  ['owlv2-tiny', 'grey', 'grey'],
  ['owlv2-tiny', 'unpadded', 'unpadded'],
])('for %s, the fit %s is %s', async (model, fit, expected) => {
  expect(resolveForm(await traitsNamed(model), { ...DEFAULT_FORM, fit }).fit).toBe(expected);
});

it('OWL-ViT refuses the fit unpadded by name', async () => {
  const traits = await traitsNamed('owlvit-tiny');
  expect(() => resolveForm(traits, { ...DEFAULT_FORM, fit: 'unpadded' })).toThrow(
    /unpadded, which only OWLv2 checkpoints .* take: OWL-ViT always gets the whole input/,
  );
});

it.each<[string, RequestedPositions, ImageSize | undefined, Positions]>([
  ['owlv2-tiny', 'auto', undefined, 'interpolate'],
  ['owlv2-tiny', 'auto', size(98), 'interpolate'], // its own size: nothing to do
  ['owlv2-tiny', 'auto', size(56), 'slice'],
  ['owlv2-tiny', 'auto', size(98, 56), 'slice'],
  ['owlv2-tiny', 'auto', size(60, 94), 'slice'], // 56 x 98 in whole patches
  ['owlv2-tiny', 'auto', size(95), 'interpolate'], // 98 in whole patches
  ['owlv2-tiny', 'auto', size(56, 112), 'interpolate'],
  ['owlv2-tiny', 'auto', size(112), 'interpolate'],
  ['owlv2-tiny', 'interpolate', size(56), 'interpolate'],
  ['owlvit-tiny', 'auto', size(64), 'interpolate'],
])('for %s, the positions %s at %o come from: %s', async (model, positions, imageSize, expected) => {
  expect(resolveForm(await traitsNamed(model), { ...DEFAULT_FORM, positions }, imageSize).positions).toBe(expected);
});

describe('the description of an input size', () => {
  const describeFor = async (model: string, requested: ImageSize, form: { fit?: Fit; isTiled?: boolean } = {}) =>
    describeInputSize(await traitsNamed(model), requested, { fit: 'stretch', isTiled: false, ...form });

  it.each(['owlvit-tiny', 'owlv2-tiny'])(
    'recommends tiles for %s where a side is larger than trained',
    async (model) => {
      const untrained = /not trained with more than \d+ x \d+: --tiles finds small objects more reliably\.$/;
      expect(await describeFor(model, size(200))).toMatch(untrained);
      expect(await describeFor(model, size(56, 200))).toMatch(untrained);
      expect(await describeFor(model, size(200, 56))).toMatch(untrained);
      expect(await describeFor(model, size(56))).not.toMatch(/trained/);
      expect(await describeFor(model, size(98))).not.toMatch(/trained/); // 98 is 96 in whole patches of 16
      expect(await describeFor(model, size(200), { isTiled: true })).toMatch(/: leave out --image-size, as tiles are/);
    },
  );

  it('recommends a square where images are padded to one', async () => {
    expect(await describeFor('owlvit-tiny', size(96, 48), { fit: 'grey' })).toMatch(/a square size shows more/);
    expect(await describeFor('owlv2-tiny', size(98, 56), { fit: 'letterbox' })).toMatch(/a square size shows more/);
    expect(await describeFor('owlv2-tiny', size(98, 56))).not.toMatch(/square/);
    expect(await describeFor('owlv2-tiny', size(56), { fit: 'letterbox' })).not.toMatch(/square/);
  });
});
