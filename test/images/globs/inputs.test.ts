import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discover } from '../../../src/images/listing/discover.js';
import { useTree } from './tree.js';

const tree = useTree();

describe('an input', () => {
  const namesIn = async (...inputs: string[]) => {
    const { images } = await discover(inputs, { recursive: true, include: [], exclude: [], outputFolders: [] });
    return images.map(({ name }) => name);
  };

  it.each<[string, string[]]>([
    ['photos (1)/*.jpg', ['f.jpg']],
    ['[v1]/*.jpg', ['g.jpg']],
    ['{x,y}/*.jpg', ['h.jpg']],
    ['IMG(*).jpg', ['IMG(1).jpg']],
    ['[!a].png', ['b.png']],
    ['o*/', ['other/sub/e.jpg']],
    ['./sub/', ['c.jpg', 'deep/d.jpg']],
    ['sub/../v', ['g.jpg']],
    ['trail ', ['i.jpg']],
  ])('%j lists %j', async (input, expected) => {
    const here = relative(process.cwd(), tree.root);
    for (const folder of [tree.root, here]) expect(await namesIn(join(folder, '/') + input)).toEqual(expected);
  });

  it.each([
    ['sub ', /Did you mean ".*photos\/sub", without the spaces/],
    ['SUB', /Did you mean .*photos\/sub\?/],
    ['starryy.jpg', /Did you mean .*photos\/starry\.jpg\?/],
    ['sub\\deep', /Did you mean ".*photos\/sub\/deep"\?/],
    ['nothing-like-it', /Give folders, image files or globs/],
  ])('%j is not found, and what was meant is named: %s', async (input, hint) => {
    await expect(namesIn(join(tree.root, input))).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringMatching(/^There is no file or folder .*photos/),
      hint: expect.stringMatching(hint),
    });
  });

  it.each([
    [() => `!${tree.root}/sub`, /use --exclude/],
    [() => `${tree.root}/a.jpg,${tree.root}/sub`, /Separate inputs by spaces/],
    [() => '~/photos', /outside of quotes/],
  ])('that people write for other programs is refused, with what to write here', async (input, hint) => {
    await expect(namesIn(input())).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      hint: expect.stringMatching(hint),
    });
  });
});
