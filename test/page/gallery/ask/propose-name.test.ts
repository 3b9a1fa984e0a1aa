import { expect, it } from 'vitest';
import { proposeName } from '../../../../src/page/gallery/ask/propose-name.js';

it.each([
  ['a photo of a pizza', 'pizza'],
  ['A close-up', 'close-up'],
  ['a blurry photo of the wine glass.', 'wine glass'],
  ['picture of ', 'picture of'],
  ['red car', 'red car'],
  ['the', 'the'],
  ['itap of some apples', 'apples'],
])('a class that is found by %j is called %j', (prompt, name) => {
  expect(proposeName(prompt)).toBe(name);
});
