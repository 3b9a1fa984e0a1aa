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

/** Writes pictures between two others. @returns Their names. */
async function crossFade(from: string, to: string, folder: string): Promise<string[]> {
  const [width, height] = [160, 120];
  const read = async (path: string) => {
    const image = sharp(path).autoOrient().removeAlpha().toColourspace('srgb');
    return await image.resize(width, height, { fit: 'fill' }).raw().toBuffer();
  };
  const [first, last] = [await read(from), await read(to)];
  const names = Array.from({ length: 23 }, (_, i) => `fade-${i + 1}.png`);
  for (const [i, name] of names.entries()) {
    const share = (i + 1) / (names.length + 1);
    const pixels = first.map((value, at) => Math.round(value + (last[at]! - value) * share));
    await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(join(folder, name));
  }
  return names;
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
  const { stdout } = await ok(...run, '--split-by', 'near');
  expect(stdout).toContain('9 groups of similar images, listed in duplicates.jsonl.\n');
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

  // Each picture of a cross-fade looks like the next one: two groups become one.
  const [train, val] = ['train', 'val'].map((part) => names.find((name) => parts.get(name) === part)!);
  const faded = await crossFade(join(images, train!), join(images, val!), images);
  const { stderr } = await ok(...run);
  expect(stderr).toContain('Images that belong together are in several parts');
  expect(stderr).toContain('(1 group)');
  expect(stderr).toContain('--split-by near --reassign');
  const kept = await partsOf();
  for (const [name, part] of parts) expect(kept.get(name), name).toBe(part);
  await ok('export', out, '--split-by', 'near', '--reassign');
  const after = await partsOf();
  for (const name of [train!, `small-${train}`, val!, `small-${val}`, ...faded])
    expect(after.get(name), name).toBe(after.get(train!));

  for (const name of names) await rm(join(images, `small-${name}`));
  for (const name of ['same.jpg', ...faded]) await rm(join(images, name));
  await copyFile(join(images, names[0]!), join(images, 'equal.jpg'));
  const equal = await ok(...run, '--accept-missing');
  expect(equal.stdout).toContain('\n1 group of equal images, listed in duplicates.jsonl.\n');
  await rm(join(images, 'equal.jpg'));
  const last = await ok(...run, '--accept-missing');
  expect(last.stdout).not.toContain('duplicates.jsonl');
  await expect(listed()).rejects.toThrow('ENOENT');
});
