import { describe, expect, it } from 'vitest';
import { PreannotateError } from '../../../src/core/errors.js';
import {
  assertClassesKeptOrOfferFeatures,
  assertSameOrOfferFeatures,
} from '../../../src/run/compare/same-but-prompts.js';
import type { JournalHeader } from '../../../src/run/header.js';
import { header } from '../journal-header.js';

const { features: _, ...withoutFeatures } = header.options;
const exact: JournalHeader = { ...header, options: withoutFeatures };
const half: JournalHeader = { ...header, options: { ...withoutFeatures, features: { dtype: 'float16' } } };

const withPrompt = (before: JournalHeader, prompt: string): JournalHeader => ({
  ...before,
  ontology: { ...before.ontology, classes: [{ name: 'dog', id: 1, prompts: [prompt] }] },
});

type Given = Parameters<typeof assertSameOrOfferFeatures>[2]['features'];
const float16 = { folder: 'f', dtype: 'float16' } as const;
const float32 = { folder: 'f', dtype: 'float32' } as const;

function refusalOf(check: () => void): { message: string; hint: string } {
  try {
    check();
  } catch (error) {
    if (error instanceof PreannotateError) return error.toFailure();
    throw error;
  }
  throw new Error('it was not refused');
}

const compare = (before: JournalHeader, now: JournalHeader, features: Given) =>
  refusalOf(() => assertSameOrOfferFeatures(before, now, { path: 'detections.jsonl', outDir: 'out', features }));

describe('a run with other prompts than its folder', () => {
  it.each<[what: string, before: JournalHeader, now: JournalHeader, features: Given, offer: string]>([
    [
      'with features',
      half,
      half,
      float16,
      'features are in f are annotated without their encoder: the same command with --out out-2',
    ],
    [
      'without features that the folder was made with',
      half,
      exact,
      undefined,
      'add --features with the folder it was made with; the same command with --out out-2',
    ],
    [
      'with features of another type',
      half,
      exact,
      float32,
      'the same command without --features-dtype and with --out out-2',
    ],
    ['without features', exact, exact, undefined, 'the same command with --features features --out out-2'],
  ])('%s is offered the way without the encoder', (_what, before, now, features, offer) => {
    const { hint } = compare(before, withPrompt(now, 'a puppy'), features);
    expect(hint).toContain(offer);
    expect(hint).toContain('--restart into th');
  });

  it('is offered nothing where another precision differs too', () => {
    const now = withPrompt({ ...half, options: { ...half.options, precision: 'int8' } }, 'a puppy');
    expect(compare(half, now, float16).hint).not.toContain('encoder');
  });
});

it('float32 after float16 is called by its name, with the flag to leave out', () => {
  const { message, hint } = compare(half, exact, float32);
  expect(message).toContain('was "float16"; now it is "float32"');
  expect(hint).toMatch(/^Leave out --features-dtype to finish it as it was begun/);
  expect(hint).toContain('stored in float32 are annotated into another folder without their encoder');
});

it('classes that would get another number come with the way into another folder', () => {
  const known = { path: 'classes.json', ids: { dog: 1 }, written: { dog: 1 }, isPublished: true, notes: [] };
  const { hint } = refusalOf(() =>
    assertClassesKeptOrOfferFeatures(known, [{ name: 'cat', id: 1, prompts: ['a cat'] }], {
      places: { outDir: 'out', features: float16 },
      before: half,
    }),
  );
  expect(hint).toMatch(/Set the numbers with `id:`.* the same command with --out out-2 does it into another folder\.$/);
});
