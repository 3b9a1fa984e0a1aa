import { copyFile, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataSet } from '../../../src/data-set/open.js';
import { EMOJI, preannotate, SCENES, viewsOf } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const SPLIT = ['--split', 'train=0.5,val=0.3,test=0.2'];

/** Ten scenes in two folders. */
async function photos(): Promise<{ images: string; out: string }> {
  const folder = await temporaryFolder();
  const images = join(folder, 'photos');
  const scenes = (await readdir(SCENES)).filter((name) => /^scene-(?:0\d|10)\./.test(name));
  for (const [i, name] of scenes.entries()) {
    await mkdir(join(images, `f${i % 2}`), { recursive: true });
    await copyFile(join(SCENES, name), join(images, `f${i % 2}`, name));
  }
  return { images, out: join(folder, 'out') };
}

async function ok(...args: readonly string[]) {
  const finished = await preannotate(args);
  expect(finished).toMatchObject({ code: 0 });
  return finished;
}

async function partsIn(out: string): Promise<Record<string, string>> {
  const { images } = JSON.parse(await readFile(join(out, 'splits.json'), 'utf8')) as {
    images: { image: string; part: string }[];
  };
  return Object.fromEntries(images.map(({ image, part }) => [image, part]));
}

async function partsRead(path: string): Promise<Record<string, string | undefined>> {
  const parts: Record<string, string | undefined> = {};
  for await (const { name, part } of (await openDataSet(path)).images) parts[name] = part;
  return parts;
}

describe('run --split', () => {
  it('divides COCO and YOLO alike, and so do later runs and exports, until they are told otherwise', async () => {
    const { images, out } = await photos();
    await ok('run', images, ...EMOJI, '-o', out);
    const together = await viewsOf(out);
    const run = ['run', images, ...EMOJI, '-o', out];
    const { stdout } = await ok(...run, ...SPLIT);
    expect(stdout).toMatch(/^Images by part: \d+ train, \d+ val, \d+ test\.$/m);
    const parts = await partsIn(out);
    expect(new Set(Object.values(parts))).toEqual(new Set(['train', 'val', 'test']));
    for (const path of ['yolo', 'coco', '.']) expect(await partsRead(join(out, path))).toEqual(parts);
    for (const part of ['train', 'val', 'test']) {
      const { images: listed } = JSON.parse(await readFile(join(out, `coco/instances_${part}.json`), 'utf8')) as {
        images: { file_name: string }[];
      };
      expect(listed.map((image) => image.file_name)).toEqual(Object.keys(parts).filter((name) => parts[name] === part));
    }
    const split = await viewsOf(out);
    const before = await stat(join(out, 'coco/instances.json'), { bigint: true });
    await ok(...run);
    await ok('export', out);
    expect(await viewsOf(out)).toEqual(split);
    expect((await stat(join(out, 'coco/instances.json'), { bigint: true })).ctimeNs).toBe(before.ctimeNs);

    await ok('export', out, '--split-seed', '1', '--reassign');
    expect(await partsIn(out)).not.toEqual(parts);
    await ok('export', out, '--split-seed', '0', '--reassign');
    expect(await viewsOf(out)).toEqual(split);
    const { stderr } = await ok('export', out, '--split', 'train=0.1,val=0.9');
    expect(stderr).toMatch(
      /in the part that splits\.json has for .*; train=0\.1,val=0\.9 by near would put .*--reassign/,
    );
    expect(await partsIn(out)).toEqual(parts);

    await ok('export', out, '--split', 'none');
    await ok('export', out);
    expect(await viewsOf(out)).toEqual(together);
  });

  it('leaves images where they are when others arrive, go or are renamed', async () => {
    const { images, out } = await photos();
    const run = ['run', images, ...EMOJI, '-o', out, ...SPLIT, '--split-by', 'image', '--accept-missing'];
    await ok(...run);
    const before = await partsIn(out);
    await copyFile(join(SCENES, 'scene-25.webp'), join(images, 'new.webp'));
    await rm(join(images, 'f0/scene-01.jpg'));
    await rename(join(images, 'f1/scene-02.jpg'), join(images, 'f1/renamed.jpg'));
    await ok(...run);
    const { 'new.webp': added, 'f1/renamed.jpg': renamed, ...others } = await partsIn(out);
    const { 'f0/scene-01.jpg': removed, 'f1/scene-02.jpg': original, ...expected } = before;
    expect(others).toEqual(expected);
    expect(renamed).toBe(original);
    expect(['train', 'val', 'test']).toContain(added);
    const text = await readFile(join(out, 'splits.json'), 'utf8');
    expect(text.slice(text.indexOf('"removed"'))).toContain(`"image":"f0/scene-01.jpg","part":"${removed}"`);
  });

  it('is refused where the options make no sense, and where splits.json is damaged', async () => {
    const { images, out } = await photos();
    const refused = async (...args: string[]) => {
      const { code, stderr } = await preannotate(args);
      expect(code).toBe(2);
      return stderr;
    };
    const run = ['run', images, ...EMOJI, '-o', out];
    expect(await refused(...run, '--split', 'train=0.5,val=0.3')).toContain('add up to 1');
    expect(await refused(...run, '--split', 'train=0.5,dev=0.5')).toContain('train=0.8,val=0.1,test=0.1');
    expect(await refused(...run, ...SPLIT, '--split-by', 'regex:(a)(b)')).toContain('one group');
    expect(await refused(...run, '--split-by', 'folder')).toContain('Give --split as well');
    await ok(...run, ...SPLIT);
    const views = await viewsOf(out);
    const text = await readFile(join(out, 'splits.json'), 'utf8');
    await writeFile(join(out, 'splits.json'), text.replace('"image":"f0/scene-01.jpg"', '"image":"f0/scene-00.jpg"'));
    await ok('export', out);
    expect(await readFile(join(out, 'splits.json'), 'utf8')).toBe(text);
    await writeFile(join(out, 'splits.json'), '{"split": ');
    await copyFile(join(SCENES, 'scene-25.webp'), join(images, 'new.webp'));
    const journal = await readFile(join(out, 'detections.jsonl'), 'utf8');
    expect(await refused(...run)).toMatch(/splits\.json.*--reassign/s);
    expect(await readFile(join(out, 'detections.jsonl'), 'utf8')).toBe(journal);
    const { code, stderr } = await preannotate(['export', out, '--score-threshold', '0.4']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/splits\.json.*--reassign/s) });
    expect(await viewsOf(out)).toEqual(views);
    await ok('export', out, '--reassign');
    expect(await viewsOf(out)).toEqual(views);
  });
});

it('a run in parts is divided as a single one', async () => {
  const { images, out } = await photos();
  const split = [...SPLIT, '--split-by', 'folder', '--split-seed', '4'];
  await ok('run', images, ...EMOJI, '-o', out, ...split);
  const parts = `${out}-parts`;
  for (const part of ['1/2', '2/2']) await ok('run', images, ...EMOJI, '-o', parts, ...split, '--shard', part);
  await ok('merge', parts);
  expect(await viewsOf(parts)).toEqual(await viewsOf(out));
  expect(await partsIn(parts)).toEqual(await partsIn(out));
  const other = ['run', images, ...EMOJI, '-o', parts, ...SPLIT, '--split-by', 'image', '--shard', '2/2'];
  await ok(...other);
  expect(await preannotate(['merge', parts])).toMatchObject({ code: 2, stderr: expect.stringContaining('split') });
});

it('a copy of the folder on another machine has its images, by relative paths alone', async () => {
  const { images, out } = await photos();
  await ok('run', images, ...EMOJI, '-o', out, '--format', 'yolo', ...SPLIT, '--images', 'copy');
  const copy = join(await temporaryFolder(), 'elsewhere');
  await cp(join(out, 'yolo'), copy, { recursive: true });
  await rm(images, { recursive: true });
  const yaml = await readFile(join(copy, 'data.yaml'), 'utf8');
  expect(yaml).not.toMatch(/^path:/m);
  for (const part of ['train', 'val', 'test']) expect(yaml).toContain(`\n${part}: images/${part}\n`);
  const read = await openDataSet(join(copy, 'data.yaml'));
  let found = 0;
  for await (const { imagePath, part } of read.images) {
    expect((await stat(imagePath!)).isFile()).toBe(true);
    expect(imagePath).toContain(`${copy}/images/${part!}/`);
    found++;
  }
  expect(found).toBe(10);
});
