import { describe, expect, it } from 'vitest';
import type { LabelledImage } from '../../../src/core/data-set/data-set.js';
import { compareSets, type LabelledSet } from '../../../src/evaluation/compare/compare.js';
import { pairNames } from '../../../src/evaluation/compare/pair-names.js';

const image = (name: string, classNames: string[] = [], more: Partial<LabelledImage> = {}): LabelledImage => ({
  name,
  file: 'a.json',
  boxes: classNames.map((className) => ({ className, box: [0, 0, 10, 10] })),
  ...more,
});

const set = (names: string[], images: LabelledImage[]): LabelledSet => ({
  classes: names.map((name) => ({ name })),
  images,
});

describe('images are the same', () => {
  it('by their whole names, where any are equal; others are on one side alone', () => {
    const { rule, pairs } = pairNames(['a/1.jpg', 'b/2.jpg'], ['a/1.jpg', 'c/2.jpg']);
    expect([rule, [...pairs]]).toEqual(['name', [['a/1.jpg', 'a/1.jpg']]]);
  });

  it('else where one name is the end of the other', () => {
    const { rule, pairs } = pairNames(['photos/a/1.jpg', 'photos/b/1.jpg'], ['a/1.jpg', 'b/1.jpg']);
    expect(rule).toBe('end of the path');
    expect(pairs.get('photos/b/1.jpg')).toBe('b/1.jpg');
    expect(pairNames(['1.jpg'], ['photos/1.jpg', 'photos/11.jpg']).pairs.get('1.jpg')).toBe('photos/1.jpg');
  });

  it('else by the last part of their names', () => {
    const { rule, pairs } = pairNames(['x/1.jpg', 'x/2.jpg'], ['y/2.jpg', 'y/3.jpg']);
    expect([rule, [...pairs]]).toEqual(['file name', [['x/2.jpg', 'y/2.jpg']]]);
  });

  it.each([
    [['a/tea.jpg', 'a/mug.png'], ['tea', 'jug'], 'file name without ending', [['a/tea.jpg', 'tea']]],
    [['cam1.0012'], ['cam1.0012.jpg', 'cam1.jpg'], 'file name without ending', [['cam1.0012', 'cam1.0012.jpg']]],
    [['a/cam1.0012.jpg', 'a/cam1.jpg'], ['cam1.0012'], 'file name without ending', [['a/cam1.0012.jpg', 'cam1.0012']]],
    [
      ['tea.jpg', 'x.jpg'],
      ['tea', 'x.png'],
      'file name without ending',
      [
        ['tea.jpg', 'tea'],
        ['x.jpg', 'x.png'],
      ],
    ],
    [
      ['tea.v2.jpg'],
      ['0a1b2c3d-tea.v2'],
      'file name without ending and upload digits',
      [['tea.v2.jpg', '0a1b2c3d-tea.v2']],
    ],
    [['tea.jpg'], ['x/0a1b2c3d-tea.jpg'], 'file name without upload digits', [['tea.jpg', 'x/0a1b2c3d-tea.jpg']]],
    [['tea.jpg'], ['0a1b2c3d-tea'], 'file name without ending and upload digits', [['tea.jpg', '0a1b2c3d-tea']]],
  ])('else without what tools leave out or put before: %j, %j', (ours, theirs, byRule, expected) => {
    const { rule, pairs } = pairNames(ours, theirs);
    expect([rule, [...pairs]]).toEqual([byRule, expected]);
  });

  it('and never by guess: several that could be meant are refused', () => {
    expect(() => pairNames(['1.jpg'], ['a/1.jpg', 'b/1.jpg'])).toThrow('1.jpg could be a/1.jpg or b/1.jpg');
    expect(() => pairNames(['a/1.jpg', 'b/1.jpg'], ['1.jpg'])).toThrow('1.jpg could be a/1.jpg or b/1.jpg');
  });
});

describe('two sides', () => {
  it('report what is on one side alone, and images of other sizes', () => {
    const truth = set(['cup', 'jug'], [image('1.jpg', ['cup'], { width: 10, height: 20 }), image('2.jpg', ['jug'])]);
    const found = set(['cup', 'mug'], [image('1.jpg', ['mug'], { width: 20, height: 10 }), image('3.jpg')]);
    const comparison = compareSets(truth, found);
    expect(comparison.unpairedImages).toEqual({ truth: ['2.jpg'], predictions: ['3.jpg'] });
    expect(comparison.unpairedClasses).toEqual({ truth: ['jug'], predictions: ['mug'] });
    expect(comparison.otherSizes).toEqual(['1.jpg']);
    const [first, second] = comparison.evaluate(found.images);
    expect(first).toMatchObject({ objects: [{ classId: 0 }], detections: [] });
    expect(second).toMatchObject({ objects: [{ classId: 1 }], detections: [] });
  });

  it('may call a class differently, and be compared in some classes alone', () => {
    const truth = set(['cup', 'wine glass'], [image('1.jpg', ['cup', 'wine glass'])]);
    const found = set(['cup', 'wine_glass'], [image('1.jpg', ['wine_glass', 'cup'])]);
    const renamed = new Map([['wine_glass', 'wine glass']]);
    const { classes, evaluate } = compareSets(truth, found, { renamed, classNames: ['wine glass'] });
    expect(classes.map(({ name }) => name)).toEqual(['wine glass']);
    expect(evaluate(found.images)).toMatchObject([{ objects: [{ classId: 0 }], detections: [{ classId: 0 }] }]);
  });

  it('results that have numbers alone use those of the ground truth', () => {
    const truth: LabelledSet = {
      classes: [{ name: 'cup', id: 7 }],
      images: [image('b.jpg', ['cup'], { id: 30 }), image('a.jpg', [], { id: 4 })],
    };
    const found: LabelledSet = { ...set(['7', '8'], [image('30', ['7']), image('99')]), isNumbered: true };
    const { imageNames, unpairedImages, unpairedClasses, evaluate } = compareSets(truth, found);
    expect(imageNames).toEqual(['a.jpg', 'b.jpg']); // by number, which decides between equal scores
    expect(unpairedImages).toEqual({ truth: ['a.jpg'], predictions: ['99'] });
    expect(unpairedClasses).toEqual({ truth: [], predictions: ['8'] });
    expect(evaluate(found.images)[1]!.detections).toHaveLength(1);
    expect(() => compareSets(set(['cup'], [image('a.jpg')]), found)).toThrow('the ground truth has no numbers');
  });

  it('with no image in common are refused', () => {
    expect(() => compareSets(set(['a'], [image('1.jpg')]), set(['a'], [image('2.jpg')]))).toThrow('no image in common');
  });

  it('boxes keep the sizes that a file states, which corners would round', () => {
    const box = { className: 'a', box: [0.1, 0, 32.1, 10] as const, xywh: [0.1, 0, 32, 10] as const };
    const truth = set(['a'], [image('1.jpg', [], { boxes: [box] })]);
    expect(compareSets(truth, truth).evaluate(truth.images)[0]!.detections[0]!.box).toEqual([0.1, 0, 32, 10]);
  });
});
