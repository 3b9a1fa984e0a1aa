import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY_FOLDER } from '../../../src/features/folder.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';

const SCENE_FILES = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg', 'scene-05.jpg', 'scene-06.jpg'];
const ALL = SCENE_FILES.length;

let folder: string;
let images: string;
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-filling-'));
  images = join(folder, 'images');
  await mkdir(images);
  for (const name of SCENE_FILES) await copyFile(join(SCENES, name), join(images, name));
});
afterAll(() => rm(folder, { recursive: true }));

const fresh = (name: string) => join(folder, `${name}-${runs++}`);

async function run(out: string, ...options: string[]) {
  const { code, stdout, stderr } = await preannotate(['run', images, ...EMOJI, ...options, '--out', out]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const manifest = options.includes('--dry-run') ? '{}' : await readFile(join(out, 'run.json'), 'utf8');
  const { counts } = JSON.parse(manifest) as { counts?: { features?: { read: number; encoded: number } } };
  return { text: stdout + stderr, features: counts?.features };
}

async function finished(): Promise<string> {
  const out = fresh('out');
  await run(out);
  return out;
}

async function featureFiles(features: string): Promise<string[]> {
  const entries = await readdir(features, { recursive: true }).catch(() => []); // not made yet
  return entries.filter((name) => name.endsWith('.safetensors'));
}

/** Makes a folder of features that has those of all images. @returns its path, and that of the features in it */
async function filled(): Promise<{ features: string; keyFolder: string }> {
  const features = fresh('features');
  await run(fresh('out'), '--features', features);
  const [key] = (await readdir(features)).filter((name) => KEY_FOLDER.test(name));
  return { features, keyFolder: join(features, key!) };
}

describe('run --features on a finished folder', () => {
  it('encodes nothing where nothing can be stored', async () => {
    const { features, keyFolder } = await filled();
    await rm(keyFolder, { recursive: true });
    await writeFile(keyFolder, 'a file in the place of the folder');
    const { text, features: counts } = await run(await finished(), '--features', features);
    expect(text.match(/Features are read only, and none are stored/g)).toHaveLength(1);
    expect(text).not.toContain('Storing the features');
    expect(counts).toBeUndefined();
  });

  it('stores what the limit of the folder has room for, and nothing when it is run again', async () => {
    const out = await finished();
    const features = fresh('features');
    const limited = ['--features', features, '--features-max-bytes', '150KB'];
    const limit =
      /The features of 6 images take about \d+\.\d kB, and --features-max-bytes is 150\.0 kB: those of about (\d)/;
    const dry = await run(out, ...limited, '--dry-run');
    const fits = Number(limit.exec(dry.text)?.[1]);
    expect(fits).toBeGreaterThan(0);
    expect(fits).toBeLessThan(ALL);
    expect(dry.text).toContain(`more for ${fits} image`);
    const first = await run(out, ...limited);
    expect(first.text).toMatch(limit);
    expect(first.features).toMatchObject({ read: 0, encoded: fits });
    expect(await featureFiles(features)).toHaveLength(fits);
    const again = await run(out, ...limited);
    expect(again.features).toBeUndefined();
    expect(await featureFiles(features)).toHaveLength(fits);
  });

  it('prints no warning of Node with many images in flight', async () => {
    const many = ['--workers-per-device', '2', '--max-batch-size', '16'];
    const { text, features } = await run(await finished(), '--features', fresh('features'), ...many);
    expect(features).toMatchObject({ encoded: ALL });
    expect(text).not.toContain('MaxListenersExceeded');
  });

  it('keeps the limit of the folder where nothing is left to annotate', async () => {
    const { features } = await filled();
    const out = fresh('out');
    await run(out, '--features', features);
    await run(out, '--features', features, '--features-max-bytes', '150KB');
    const left = (await featureFiles(features)).length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(ALL);
  });

  it('says why images are encoded that the folder has, and which type would use what is stored', async () => {
    const out = fresh('out');
    const features = ['--features', fresh('features')];
    await run(out, ...features, '--features-dtype', 'float32', '--limit', '2');
    const { text } = await run(out, ...features);
    expect(text).toContain('Storing features in float16; the boxes of this output folder stay as they are.');
    expect(text).toContain('With --features-dtype float32, those of 2 images that are stored are used.');
    const exact = await run(out, ...features, '--features-dtype', 'float32');
    expect(exact.text).not.toContain('more digits');
  });

  it('--dry-run counts the images whose features would be stored', async () => {
    const features = fresh('features');
    const { text } = await run(await finished(), '--features', features, '--dry-run');
    expect(text).toMatch(/at most \d+\.\d [kM]B more for 6 images/);
  });
});

it.each(['owlvit-tiny', 'owlv2-tiny'])('--dry-run refuses --fit unpadded with %s as the run does', async (name) => {
  const model = ['--model', join(FIXTURES, 'models', name), '--class', 'dog=a dog', '--fit', 'unpadded'];
  const features = name === 'owlvit-tiny' ? [] : ['--features', fresh('features')];
  const args = ['run', images, ...model, ...features, '--out', fresh('out')];
  const [dry, real] = [await preannotate([...args, '--dry-run']), await preannotate(args)];
  expect(dry).toMatchObject({ code: 2, stderr: expect.stringContaining('unpadded') });
  expect(real.code).toBe(2);
});

it.each(['', 'in-it'])('refuses an output folder that is or is in that of --features (%j)', async (name) => {
  const features = fresh('both');
  const args = ['run', images, ...EMOJI, '--features', features, '--out', join(features, name)];
  const { code, stderr } = await preannotate(args);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('Give two different folders') });
  const inside = await preannotate(['run', images, ...EMOJI, '--features', join(features, 'f'), '--out', features]);
  expect(inside.code).toBe(0);
});
