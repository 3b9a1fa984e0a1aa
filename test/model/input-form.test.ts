import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fit, RequestedFit } from '../../src/core/inference/input-form.js';
import type { ImageSize } from '../../src/model/artifact.js';
import { traitsOf } from '../../src/model/families.js';
import { describeInputSize, resolveForm } from '../../src/model/input-form.js';
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
])('for %s, the fit %s is %s', async (model, fit, expected) => {
  expect(resolveForm(await traitsNamed(model), { fit }).fit).toBe(expected);
});

describe('the description of an input size', () => {
  const describeFor = async (model: string, requested: ImageSize, fit: Fit) =>
    describeInputSize(await traitsNamed(model), requested, fit);

  it('recommends a square where images are padded to one', async () => {
    expect(await describeFor('owlvit-tiny', size(96, 48), 'grey')).toMatch(/a square size shows more/);
    expect(await describeFor('owlv2-tiny', size(98, 56), 'letterbox')).toMatch(/a square size shows more/);
    expect(await describeFor('owlv2-tiny', size(98, 56), 'stretch')).not.toMatch(/square/);
    expect(await describeFor('owlv2-tiny', size(56), 'letterbox')).not.toMatch(/square/);
  });
});
