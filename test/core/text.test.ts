import { expect, it } from 'vitest';
import { compareUtf8 } from '../../src/core/text.js';

it('names are ordered by their UTF-8 bytes, also where JavaScript orders them otherwise', () => {
  const names = ['b', 'a', 'a/b', 'a.b', 'Z', 'ä', '日本', '\uffee', '😀', '😀a', '', 'a\u0000'];
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...names].sort(compareUtf8)).toEqual(byBytes);
  expect([...names].sort()).not.toEqual(byBytes);
});
