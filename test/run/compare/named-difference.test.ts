import { describe, expect, it } from 'vitest';
import { describeSides } from '../../../src/run/compare/difference.js';
import { findJobDifferences } from '../../../src/run/compare/same-job.js';
import { assertSameJob } from './assert-same-job.js';
import type { JournalHeader } from '../../../src/run/header.js';
import { header } from '../journal-header.js';

describe('the job that a journal belongs to', () => {
  const { options } = header;
  const tiles = { size: [640, 480] as [number, number], overlap: 0.2, full_image: true };
  it.each<[string, Partial<JournalHeader['options']>, Partial<JournalHeader['options']>, string, string]>([
    ['a precision', {}, { precision: 'int8' }, 'precision was "fp32"', 'Add --precision fp32 to'],
    ['an image size', {}, { image_size: [96, 96] }, 'image_size was "native"', 'Leave out --image-size to'],
    ['no image size', { image_size: [96, 64] }, {}, 'image_size was [96,64]', 'Add --image-size 96,64 to'],
    ['tiles', {}, { tiles, max_stored: 3000 }, 'tiles was not set', 'Leave out --tiles to'],
    [
      'no tiles',
      { tiles, max_stored: 3000 },
      {},
      'tiles was {"size":[640,480],"overlap":0.2,"full_image":true}; now it is not set',
      'Add --tiles 640,480,overlap=0.2,full_image=yes to',
    ],
    ['a score floor', {}, { score_floor: 0.2 }, 'score_floor was 0.05', 'Add --score-floor 0.05 to'],
    ['strict images', {}, { strict_images: true }, 'strict_images was false', 'Leave out --strict-images to'],
    [
      'a precision and an image size',
      {},
      { precision: 'int8', image_size: [96, 96] },
      'precision was "fp32"; now it is "int8". Also different: image_size',
      'Add --precision fp32, and leave out --image-size to',
    ],
  ])('with %s names first what the user has changed, and the options that finish it', (_, was, is, message, hint) => {
    const { tiles: __, ...rest } = options;
    const of = (changed: Partial<JournalHeader['options']>) => ({ ...header, options: { ...rest, ...changed } });
    expect(() => assertSameJob(of(was), of(is), 'detections.jsonl')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`another job. Difference: ${message}`) as string,
        hint: expect.stringMatching(new RegExp(`^${hint} finish it as it was begun, give another --out`)) as string,
      }),
    );
  });

  const nine = Array.from({ length: 9 }, (_, i) => `class-${i}`);
  it.each<[string, Partial<JournalHeader>, Partial<JournalHeader>, string]>([
    ['a value', {}, { options: { ...header.options, precision: 'int8' } }, 'precision is "int8" in b, "fp32" in a'],
    ['a value that one lacks', {}, { options: { ...header.options, fit: 'grey' } }, 'fit is "grey" in b, not set in a'],
    ['a class', classesNamed('dog'), classesNamed('dog', 'cat'), 'class "cat" is in b only'],
    ['a class of the other', classesNamed('dog', 'cat'), classesNamed('dog'), 'class "cat" is in a only'],
    [
      'a long list',
      ignoring(0, 12),
      ignoring(1, 13),
      'ignored prompts has "prompt 12" in b only, and "prompt 0" in a only',
    ],
    ['an order', classesNamed(...nine), classesNamed(...[...nine].reverse()), 'the order of classes is another'],
  ])('is told side by side of two parts that differ in %s', (_, before, now, told) => {
    const differences = findJobDifferences({ ...header, ...before }, { ...header, ...now });
    const sides = differences.map((difference) => describeSides(difference, { before: 'a', later: 'b' }));
    expect(sides).toContainEqual(expect.stringContaining(told));
  });
});

function classesNamed(...names: string[]): Partial<JournalHeader> {
  const classes = names.map((name, i) => ({ name, id: i + 1, prompts: [`a ${name}`] }));
  return { ontology: { templates: [], classes, ignore: [] } };
}

function ignoring(from: number, to: number): Partial<JournalHeader> {
  const ignore = Array.from({ length: to - from }, (_, i) => `prompt ${from + i}`);
  return { ontology: { ...header.ontology, ignore } };
}
