import { expect, it } from 'vitest';
import { previewPathOf } from '../../../src/workers/previews/preview-path.js';

it.each([
  ['a.jpg', 'a.jpg'],
  ['Photos/A.JPG', 'Photos/A.JPG'],
  ['a.png', 'a.png.jpg'],
  ['a.jpeg', 'a.jpeg.jpg'], // pictures of examples end in .jpeg
  ['a.b.jpg', 'a.b.jpg'],
  ['a.png.jpg', 'a.png.jpg.jpg'],
  ['host/object', 'host/object.preview.jpg'],
  ['host/a.jpg/b.jpg', 'host/a.jpg_/b.jpg'],
])('the preview of %s is %s', (name, path) => {
  expect(previewPathOf(name)).toBe(path);
});

it('no two images have the same preview, and none is in the way of a folder', () => {
  const parts = ['a', 'a.jpg', 'a.png', 'a.jpg.jpg', 'a.png.jpg', 'a.jpg_', 'a.preview', 'a.preview.jpg', 'a.jpeg'];
  const files = parts.flatMap((one) => [one, ...['.jpg', '.png'].map((ending) => one + ending)]);
  const names = [...new Set([...files, ...parts.flatMap((folder) => files.map((file) => `${folder}/${file}`))])];
  const paths = names.map(previewPathOf);
  expect(new Set(paths).size).toBe(names.length);
  const folders = new Set(paths.flatMap((path) => path.split('/').slice(0, -1)));
  expect(paths.filter((path) => folders.has(path))).toEqual([]);
});
