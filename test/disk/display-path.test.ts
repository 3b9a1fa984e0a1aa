import { expect, it } from 'vitest';
import { displayPath } from '../../src/disk/display-path.js';

it('a path is shown from here when it is below, else in full', () => {
  expect(displayPath('/data/a/b.yaml', '/data')).toBe('a/b.yaml');
  expect(displayPath('/elsewhere/b.yaml', '/data')).toBe('/elsewhere/b.yaml');
  expect(displayPath('/data/..b.yaml', '/data')).toBe('..b.yaml');
  expect(displayPath('/', '/data')).toBe('/');
});
