import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { correctSet, validated } from './correct-set.js';

const MISSING = ['image-missing', 'image-missing', 'image-missing'];

it.each([true, false])('images that are all gone are missing where a run names their folder: %j', async (isNamed) => {
  const set = await correctSet('coco');
  await rename(set.root, `${set.root}-moved`);
  const { findings, checked } = await validated('coco', set, { areImagesExpected: isNamed });
  expect(findings.map(({ rule }) => rule)).toEqual(isNamed ? MISSING : []);
  expect(checked.notes.join()).toMatch(isNamed ? /^$/ : /None of the images was found/);
});

it.each([
  ['yolo', 'images/train'],
  ['voc', 'JPEGImages'],
  ['labelme', ''],
  ['huggingface', 'train'],
] as const)('links in %s that all lead nowhere are missing images', async (format, folder) => {
  const set = await correctSet(format);
  for (const name of ['a.jpg', 'b.png', 'sub/c.jpg']) {
    const path = set.path(join(folder, name));
    await rename(path, `${path}.txt`);
    await symlink('/nowhere/a.jpg', path);
  }
  const { findings } = await validated(format, set);
  expect(findings.map(({ rule }) => rule).filter((rule) => rule === 'image-missing')).toEqual(MISSING);
});
