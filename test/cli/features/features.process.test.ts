import { mkdir, readdir, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashKey } from '../../../src/features/folder.js';
import { preannotate } from '../../support/cli.js';
import { hashOf, KEY, openStore, sampleFeatures } from '../../support/features/sample.js';
import { temporaryFolder } from '../../support/temporary.js';

const OTHER = { ...KEY, height: 192, width: 192, dtype: 'float32' };

const features = (...args: string[]) => preannotate(['features', ...args]);

const pathOf = (folder: string, image: number, key: typeof KEY = KEY) =>
  join(folder, hashKey(key), hashOf(image).slice(0, 2), `${hashOf(image)}.safetensors`);

/** A folder with features of four images under one key, and of two under another. */
async function filledFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), 'features');
  const first = await openStore(folder, { label: 'org/first' });
  for (let image = 0; image < 4; image++) await first.store.write(sampleFeatures(image));
  const second = await openStore(folder, { label: 'org/second', key: OTHER });
  for (let image = 0; image < 2; image++) await second.store.write(sampleFeatures(image));
  return folder;
}

describe('features info', () => {
  it('lists each model and way to prepare images', async () => {
    const folder = await filledFolder();
    const { code, stdout } = await features('info', folder, '--json');
    expect(code).toBe(0);
    const { keys, ...whole } = JSON.parse(stdout) as { keys: { model: string; images: number; last_used: string }[] };
    expect(whole).toMatchObject({ folder, images: 6 });
    const byModel = Object.fromEntries(keys.map((key) => [key.model, key]));
    expect(byModel['org/first']).toMatchObject({ images: 4, key: hashKey(KEY), settings: KEY });
    expect(byModel['org/second']).toMatchObject({ images: 2, settings: { width: 192 } });
    expect(Date.now() - Date.parse(keys[0]!.last_used)).toBeLessThan(600_000);
    const table = (await features('info', folder)).stdout;
    expect(table).toMatch(/org\/second +192 x 192 .*float32 +no +2 /);
    expect(table).toMatch(/\n6 images, /);
  });
});

describe('features verify', () => {
  it('reports each file that cannot be used with its path, exits with 3, and removes them with --fix', async () => {
    const folder = await filledFolder();
    expect(await features('verify', folder)).toMatchObject({ code: 0 });
    await truncate(pathOf(folder, 0), 150);
    await mkdir(dirname(pathOf(folder, 9)), { recursive: true });
    await rename(pathOf(folder, 1), pathOf(folder, 9));
    const misplaced = join(dirname(pathOf(folder, 2)), `${'0f'.repeat(32)}.safetensors`);
    await rename(pathOf(folder, 3), misplaced);
    const leftOver = join(dirname(pathOf(folder, 2)), '.preannotate-0-1');
    await writeFile(leftOver, 'half');
    await utimes(leftOver, 1, 1);

    const checked = await features('verify', folder);
    expect(checked.code).toBe(3);
    expect(checked.stdout).toContain(`${pathOf(folder, 0)}: its content does not fit its checksum\n`);
    expect(checked.stdout).toContain(`${pathOf(folder, 9)}: it belongs to another image\n`);
    expect(checked.stdout).toContain(`${misplaced}: it is in the wrong folder`);
    expect(checked.stdout).toMatch(/6 files checked, .*: 3 files cannot be used; --fix removes them; 1 half-written/);

    const asJson = await features('verify', folder, '--json');
    expect(asJson.code).toBe(3);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ intact: false, files: 6, left_over: 1 });

    expect(await features('verify', folder, '--fix')).toMatchObject({ code: 0 });
    for (const path of [pathOf(folder, 0), pathOf(folder, 9), misplaced, leftOver]) {
      await expect(stat(path)).rejects.toThrow(/ENOENT/);
    }
    const after = await features('verify', folder, '--json');
    expect(JSON.parse(after.stdout)).toMatchObject({ intact: true, files: 3, problems: [], left_over: 0 });
  });

  it('reports files whose tensors differ from the others, and a key that does not describe its folder', async () => {
    const folder = await filledFolder();
    const { store } = await openStore(folder);
    const { tensors, ...facts } = sampleFeatures(0);
    await store.write({ ...facts, tensors: new Map([...tensors].slice(1)) });
    await writeFile(join(folder, hashKey(OTHER), 'key.json'), '{"key": {}}');
    const { code, stdout } = await features('verify', folder);
    expect(code).toBe(3);
    expect(stdout).toMatch(/its tensors are not like those of/);
    expect(stdout).toMatch(/key\.json: it does not describe/);
  });
});

describe('features verify with what is not a sound file', () => {
  it('reports folders and links in the place of a file, and a missing key.json is no problem', async () => {
    const folder = await filledFolder();
    await rm(pathOf(folder, 0));
    await mkdir(pathOf(folder, 0));
    await rm(pathOf(folder, 1));
    await symlink('nowhere', pathOf(folder, 1));
    await rm(join(folder, hashKey(OTHER), 'key.json'));
    const { code, stdout } = await features('verify', folder, '--fix');
    expect(code).toBe(3);
    expect(stdout).toContain(`${pathOf(folder, 0)}: it is a folder, not a file\n`);
    expect(stdout).toContain(`${pathOf(folder, 1)}: it is a link, not a file\n`);
    expect(stdout).toMatch(/\n4 files checked, .*: 2 paths cannot be read as a file\.\n$/);
    expect((await features('info', folder)).stdout).toMatch(/ {2}\?( +\?){4} +2 /);
  });
});

describe('features rm', () => {
  it('removes everything of ours, and nothing of others', async () => {
    const folder = await filledFolder();
    const outside = await temporaryFolder();
    await writeFile(join(outside, `${'a'.repeat(64)}.safetensors`), 'mine');
    await symlink(outside, join(folder, 'f'.repeat(32)));
    const notes = join(dirname(pathOf(folder, 1)), 'notes.txt');
    await writeFile(notes, 'mine');
    const { code, stdout } = await features('rm', folder);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Removed the features of 6 images/),
    });
    await stat(join(outside, `${'a'.repeat(64)}.safetensors`));
    await stat(notes);
    const names = (await readdir(folder, { recursive: true })).filter((name) => !name.startsWith('f'.repeat(32)));
    const kept = [hashKey(KEY), dirname(notes).slice(folder.length + 1), notes.slice(folder.length + 1)];
    expect(names.sort()).toEqual(kept.sort());
    expect(await features('rm', folder)).toMatchObject({ code: 2 });
  });

  it('leaves no folder where nothing else was in it', async () => {
    const folder = await filledFolder();
    await features('info', folder); // writes an index
    await features('rm', folder, '--quiet');
    await expect(stat(folder)).rejects.toThrow(/ENOENT/);
  });

  it('removes those of one model, or those that were not used for a time', async () => {
    const folder = await filledFolder();
    const images = async () =>
      (JSON.parse((await features('info', folder, '--json')).stdout) as { images: number }).images;
    expect(await features('rm', folder, '--model', 'org/third')).toMatchObject({ code: 2 });
    const past = new Date(Date.now() - 3 * 86_400_000);
    await utimes(pathOf(folder, 2), past, past);
    expect(JSON.parse((await features('rm', folder, '--older-than', '2d', '--json')).stdout)).toMatchObject({
      images: 1,
    });
    expect(await images()).toBe(5);
    await features('rm', folder, '--model', 'org/first');
    expect(await images()).toBe(2);
    const [name] = hashKey(OTHER);
    const refused = await features('rm', folder, '--model', name!);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`no features of a model or key ${name}`),
    });
    await features('rm', folder, '--model', hashKey(OTHER).slice(0, 12));
    expect(await images()).toBe(0);
  });
});

it.each(['info', 'verify', 'rm'])('features %s refuses a folder without the marker', async (name) => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'a'.repeat(32), 'ab'), { recursive: true });
  const file = join(folder, 'a'.repeat(32), 'ab', `${'ab'.repeat(32)}.safetensors`);
  await writeFile(file, 'mine');
  const { code, stderr } = await features(name, folder);
  expect(code).toBe(2);
  expect(stderr).toMatch(/is not a features folder: it is not empty and has no preannotate-features\.json/);
  expect(stderr).toContain('Name the folder that was given to a run with --features.');
  await stat(file);
});

it('commands of other programs are explained', async () => {
  expect((await features('list', 'x')).stderr).toMatch(/Did you mean preannotate features info/);
  expect((await features('--help')).stdout).toMatch(/features rm features --older-than 30d/);
});
