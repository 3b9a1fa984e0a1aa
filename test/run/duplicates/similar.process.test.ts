import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

async function ok(...args: readonly string[]) {
  const finished = await preannotate(args);
  expect(finished).toMatchObject({ code: 0 });
  return finished;
}

interface Divided {
  readonly image: string;
  readonly part: string;
}

it('images that look alike are listed and stay in one part, and those that come later are reported', async () => {
  const folder = await temporaryFolder();
  const [images, out] = [join(folder, 'photos'), join(folder, 'out')];
  await mkdir(images);
  const names = Array.from({ length: 9 }, (_, i) => `scene-0${i + 1}.jpg`);
  for (const name of names) {
    await copyFile(join(SCENES, name), join(images, name));
    const small = sharp(join(SCENES, name)).autoOrient().resize({ width: 150 }).jpeg({ quality: 60 });
    await writeFile(join(images, `small-${name}`), await small.toBuffer());
  }
  await copyFile(join(SCENES, names[0]!), join(images, 'same.jpg'));
  const run = ['run', images, ...EMOJI, '-o', out, '--split', 'train=0.5,val=0.5'];
  await ok(...run, '--split-by', 'near');
  const partsOf = async () => {
    const { images: divided } = JSON.parse(await readFile(join(out, 'splits.json'), 'utf8')) as { images: Divided[] };
    return new Map(divided.map(({ image, part }) => [image, part]));
  };
  const listed = async () => {
    const text = await readFile(join(out, 'duplicates.jsonl'), 'utf8');
    const lines = text.trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as { kind: string; images: { image: string; sha256: string }[] });
  };
  const parts = await partsOf();
  expect(new Set(parts.values()).size).toBe(2);
  for (const name of names) expect(parts.get(`small-${name}`), name).toBe(parts.get(name));
  expect(parts.get('same.jpg')).toBe(parts.get(names[0]!));
  const groups = await listed();
  expect(groups.map(({ kind }) => kind)).toEqual(names.map(() => 'similar'));
  expect(groups[0]!.images.map(({ image }) => image).sort()).toEqual(
    ['same.jpg', names[0], `small-${names[0]}`].sort(),
  );

  // An image between two groups cannot be made; instead, two that are in different parts become alike.
  const [train, val] = ['train', 'val'].map((part) => names.find((name) => parts.get(name) === part)!);
  await copyFile(join(images, `small-${train}`), join(images, 'between.jpg'));
  const text = await readFile(join(out, 'splits.json'), 'utf8');
  const moved = text.replace(`{"image":"small-${train}","part":"train"`, `{"image":"small-${train}","part":"val"`);
  expect(moved).not.toBe(text);
  await writeFile(join(out, 'splits.json'), moved);
  const { stderr } = await ok(...run);
  expect(stderr).toContain('Images that belong together are in several parts');
  expect(stderr).toContain('--split-by near --reassign');
  expect((await partsOf()).get(`small-${train}`)).toBe('val');
  await ok('export', out, '--split-by', 'near', '--reassign');
  const after = await partsOf();
  for (const name of [`small-${train}`, 'between.jpg']) expect(after.get(name)).toBe(after.get(train!));
  expect(after.get(val!)).toBe('val');

  for (const name of names) await rm(join(images, `small-${name}`));
  for (const name of ['same.jpg', 'between.jpg']) await rm(join(images, name));
  await ok(...run, '--accept-missing');
  await expect(listed()).rejects.toThrow('ENOENT');
});
