import { describe, expect, it } from 'vitest';
import { parseHubReference, isSafePath } from '../../src/hub/reference.js';
import { joinInside } from '../../src/hub/layout.js';

describe('the hub reference', () => {
  it.each([
    ['google/owlvit-base-patch32', 'google/owlvit-base-patch32', 'main'],
    ['google/owlvit-base-patch32@v1.0', 'google/owlvit-base-patch32', 'v1.0'],
    ['a_b/c.d@refs/pr/4', 'a_b/c.d', 'refs/pr/4'],
  ])('%s is parsed into a repository and a revision', (text, repo, revision) => {
    expect(parseHubReference(text)).toEqual({ repo, revision });
  });

  it.each([
    'owlvit',
    'a/b/c',
    '../google/owlvit',
    'google/..',
    'google/../../etc',
    'a--b/c',
    'google\\owlvit/x',
    'google/owl\u0000vit',
    '/google/owlvit',
    'google/owlvit@',
    'google/owlvit@../../x',
    'google/owlvit@a//b',
    'google/owlvit@/etc/passwd',
    'google/owlvit@a\\b',
    'google/owlvit@a\u0000b',
    `google/${'x'.repeat(100)}`,
  ])('%j is refused', (text) => {
    expect(() => parseHubReference(text)).toThrow(expect.objectContaining({ code: 'MODEL_NOT_FOUND' }));
  });
});

describe('the file name', () => {
  it.each(['../x', 'a/../b', '/etc', 'a//b', 'a\\b', 'C:/x', 'a\u0000', '.', '', 'a/.', 'a./b'])(
    '%j is refused because its path would leave the folder',
    (name) => {
      expect(isSafePath(name)).toBe(false);
      expect(() => joinInside('/cache', name)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
    },
  );
});
