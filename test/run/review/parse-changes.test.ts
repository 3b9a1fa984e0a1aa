import { describe, expect, it } from 'vitest';
import type { DecidedBox } from '../../../src/core/review/decision.js';
import { parseChanges } from '../../../src/run/review/parse-changes.js';

const image = { width: 640, height: 480.5, classes: new Set(['dog', 'it’s\n']) };
const drawn: DecidedBox = { id: 'b-1_Z', status: 'drawn', class: 'dog', box: [0, 0.25, 640, 480.5] };
const kept: DecidedBox = {
  ...{ id: 'p7', status: 'kept', class: 'dog', box: [1, 2, 1.5, 3], from: [1, 2, 1.5, 3] },
  ...{ prompt: 'a dog', score: 0.5 },
};
const problemOf = (box: object) => {
  try {
    parseChanges(
      [
        { op: 'state', state: 'open' },
        { op: 'set', box },
      ],
      image,
    );
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('changes of a reviewer', () => {
  it('are taken as they are where nothing is wrong', () => {
    const changes = [
      { op: 'set', box: drawn },
      { op: 'set', box: kept },
      { op: 'set', box: { ...kept, status: 'rejected' } },
      { op: 'set', box: { ...kept, status: 'corrected', box: [1, 2, 9.99, 3], class: 'it’s\n' } },
      { op: 'forget', id: 'p7' },
      { op: 'state', state: 'accepted' },
    ];
    expect(parseChanges(changes, image)).toEqual(changes);
  });

  it.each<[string, object, RegExp]>([
    ['another class', { ...drawn, class: 'cat' }, /^changes\[1\]\.box\.class: "cat" is not a class of the ontology\.$/],
    ['an id with a slash', { ...drawn, id: 'a/b' }, /^changes\[1\]\.box\.id: an id has 1 to 64/],
    ['the id of a box of the model', { ...drawn, id: 'p1' }, /\.id: p and a number are for boxes of the model/],
    ['a score of a drawn box', { ...drawn, score: 0.5 }, /\.score: only boxes of the model have it/],
    ['a score above 1', { ...kept, score: 1.5 }, /^changes\[1\]\.box\.score: /],
    ['an endless prompt', { ...kept, prompt: 'a'.repeat(10_001) }, /\.prompt: it has more than 10000 characters/],
    ['no place of the model', { ...kept, from: undefined }, /\.from: /],
    [
      'a kept box that was moved',
      { ...kept, box: [1, 2, 3, 4] },
      /\.box: a box that is kept is where the model had it/,
    ],
    ['three decimals', { ...drawn, box: [0, 0.125, 5, 5] }, /\.box: \[0, 0\.125, 5, 5\] has more than 2 decimals/],
    [
      'a side outside',
      { ...drawn, box: [0, 0, 640.01, 5] },
      /\.box: .* is not inside the image, which has 640 by 480\.5/,
    ],
    ['a side below 0', { ...drawn, box: [-0.01, 0, 6, 5] }, /\.box: .* is not inside the image/],
    ['corners the wrong way round', { ...drawn, box: [5, 5, 2, 9] }, /\.box: .* has no area/],
    ['less than a pixel', { ...drawn, box: [1, 1, 1.99, 9] }, /\.box: it is 0\.99 by 8 px; a box has at least 1 px/],
    ['no number', { ...drawn, box: [1, 1, Number.NaN, 9] }, /^changes\[1\]\.box\.box\[2\]: /],
    ['a field of its own', { ...drawn, colour: 'red' }, /^changes\[1\]\.box: /],
  ])('are refused with %s', (_, box, message) => {
    expect(problemOf(box)).toMatch(message);
  });

  it('are refused where they are no list, or empty', () => {
    for (const value of [undefined, {}, [], [{ op: 'explode' }]])
      expect(() => parseChanges(value, image)).toThrow(/^changes/);
  });
});
