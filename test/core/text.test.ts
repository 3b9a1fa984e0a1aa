import { expect, it } from 'vitest';
import { compareUtf8, excerpt } from '../../src/core/text.js';

it('names are ordered by their UTF-8 bytes, also where JavaScript orders them otherwise', () => {
  const names = ['b', 'a', 'a/b', 'a.b', 'Z', 'ä', '日本', '\uffee', '😀', '😀a', '', 'a\u0000'];
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...names].sort(compareUtf8)).toEqual(byBytes);
  expect([...names].sort()).not.toEqual(byBytes);
});

it('an excerpt is on one line, no longer than asked, and cuts no character in two', () => {
  expect(excerpt('short')).toBe('short');
  expect(excerpt('two\nlines')).toBe('two\\u000alines');
  expect(excerpt('x'.repeat(200))).toBe(`${'x'.repeat(100)}…`);
  expect(excerpt('\n'.repeat(50))).toHaveLength(101);
  expect(excerpt('ab😀cd', 3)).toBe('ab…');
});
