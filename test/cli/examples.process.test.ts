import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { preannotate, SCENES, viewsOf } from '../support/cli.js';
import { FIXTURES } from '../support/model/golden.js';
import { agreement, foundIn, sceneObjects, type SceneObject } from '../support/evaluation/scene-objects.js';
import { temporaryFolder } from '../support/temporary.js';

const objects = sceneObjects();

/** The first object of each class that is in several scenes: the example that the others are looked for with. */
const exemplars = objects.filter(
  ({ name, scene }, i) =>
    objects.findIndex((object) => object.name === name) === i &&
    objects.some((other) => other.name === name && other.scene !== scene),
);

/** Objects and boxes of other scenes than the example's own. */
function ofOtherScenes<Object extends SceneObject>(all: readonly Object[]): Object[] {
  return all.filter(({ name, scene }) => exemplars.some((one) => one.name === name && one.scene !== scene));
}

/**
 * Runs over the scenes with what `classOf` makes of each class's example, and returns what was found of other
 * scenes.
 */
async function finding(
  folder: string,
  { threshold, classOf }: { threshold: number; classOf: (exemplar: SceneObject) => object },
) {
  const classes = exemplars.map((exemplar) => ({ name: exemplar.name, ...classOf(exemplar) }));
  await writeFile(join(folder, 'ontology.yaml'), JSON.stringify({ threshold, classes }));
  const args = ['run', SCENES, '--model', 'builtin:emoji', '--ontology', join(folder, 'ontology.yaml')];
  const { code, stderr } = await preannotate([...args, '--out', join(folder, 'out')]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const found = ofOtherScenes(foundIn(join(folder, 'out')));
  return { ...agreement(found, ofOtherScenes(objects)), found };
}

/** A crop of an object with a quarter of its size around it, as people cut pictures out. */
async function cropOf({ scene, box, name }: SceneObject, folder: string): Promise<string> {
  const { data, info } = await sharp(join(SCENES, scene)).autoOrient().toBuffer({ resolveWithObject: true });
  const [x, y] = [(box[2] - box[0]) / 4, (box[3] - box[1]) / 4];
  const left = Math.max(0, Math.floor(box[0] - x));
  const top = Math.max(0, Math.floor(box[1] - y));
  const width = Math.min(info.width, Math.ceil(box[2] + x)) - left;
  const height = Math.min(info.height, Math.ceil(box[3] + y)) - top;
  const file = `${name.replaceAll(' ', '-')}.png`;
  await sharp(data).extract({ left, top, width, height }).toColourspace('srgb').png().toFile(join(folder, file));
  return file;
}

describe('one example each of 62 classes, looked for among 83 objects of other scenes', () => {
  it('an image and a box find 0.83 of them at a threshold of 0.5', async () => {
    const folder = await temporaryFolder();
    const { recall, precision, found } = await finding(folder, {
      threshold: 0.5,
      classOf: ({ scene, box }) => ({ examples: [{ image: join(SCENES, scene), box }] }),
    });
    expect(ofOtherScenes(objects)).toHaveLength(83);
    expect(recall).toBeGreaterThan(0.8); // 0.83 measured
    expect(precision).toBeGreaterThan(0.25); // 0.29 measured; 0.71 at a threshold of 0.9
    expect(found[0]!.prompt).toMatch(/^example: .*scene-\d\d\.\w+ \[\d+, \d+, \d+, \d+\]$/);
  });

  it('crops find 0.63 of them at a threshold of 0.1: an object that fills the picture is no good example', async () => {
    const folder = await temporaryFolder();
    const files = exemplars.map(async (exemplar) => [exemplar.name, await cropOf(exemplar, folder)] as const);
    const crops = new Map(await Promise.all(files));
    const { recall, found } = await finding(folder, {
      threshold: 0.1,
      classOf: ({ name }) => ({ examples: [crops.get(name)] }),
    });
    expect(recall).toBeGreaterThan(0.58); // 0.63 measured
    expect(found.map(({ prompt }) => prompt)).toContain('example: dog.png');
  });

  it('mixed with prompts, a class finds what either does: 0.93 at a threshold of 0.3', async () => {
    const { recall, found } = await finding(await temporaryFolder(), {
      threshold: 0.3,
      classOf: ({ name, scene, box }) => ({
        prompts: [`a photo of a ${name}`],
        examples: [{ image: join(SCENES, scene), box }],
      }),
    });
    expect(recall).toBeGreaterThan(0.9); // 0.93 measured
    const byExample = found.filter(({ prompt }) => prompt.startsWith('example: ')).length;
    expect(byExample).toBeGreaterThan(0);
    expect(byExample).toBeLessThan(found.length);
  });
});

/** A folder with a scene, a copy of it as an example, and an ontology that names it. */
async function small(
  ontology = 'classes:\n  - { name: bottle, examples: [{ image: bottle.jpg, box: [34, 130, 129, 186] }] }\n',
) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'photos'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/a.jpg'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'bottle.jpg'));
  await writeFile(join(folder, 'yard.yaml'), ontology);
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  const run = (...more: string[]) =>
    preannotate(['run', 'photos', '--model', 'builtin:emoji', '--ontology', 'yard.yaml', '--out', 'out', ...more], {
      cwd: folder,
      env,
    });
  return { folder, env, run };
}

describe('a run with examples', () => {
  it('paths are relative to the ontology, or to the config file that holds it', async () => {
    const { folder, env } = await small();
    const run = (...args: string[]) => preannotate(['run', join(folder, 'photos'), ...args], { env });
    const fromFile = ['--model', 'builtin:emoji', '--ontology', join(folder, 'yard.yaml'), '--out', join(folder, 'a')];
    expect(await run(...fromFile)).toMatchObject({ code: 0 });
    const config =
      'model: builtin:emoji\nout: b\nontology:\n' +
      '  classes: [{ name: bottle, examples: [{ image: bottle.jpg, box: [34, 130, 129, 186] }] }]\n';
    await writeFile(join(folder, 'preannotate.yaml'), config);
    expect(await run('--config', join(folder, 'preannotate.yaml'))).toMatchObject({ code: 0 });
    expect(await viewsOf(join(folder, 'b'))).toEqual(await viewsOf(join(folder, 'a')));
  });

  it('its embeddings come from the cache the second time, and a damaged one is made again', async () => {
    const { folder, run } = await small();
    expect(await run()).toMatchObject({ code: 0 });
    const cache = join(folder, 'cache/preannotate/examples');
    const [name, ...others] = await readdir(cache);
    expect(others).toEqual([]);
    const views = await viewsOf(join(folder, 'out'));
    const good = await readFile(join(cache, name!));
    await writeFile(join(cache, name!), good.subarray(4));
    expect(await run('--restart')).toMatchObject({ code: 0 });
    expect(await viewsOf(join(folder, 'out'))).toEqual(views);
    expect(await readFile(join(cache, name!))).toEqual(good);
    expect(await run('--restart', '--image-size', '256')).toMatchObject({ code: 0 });
    expect(await readdir(cache)).toHaveLength(2);
  });

  it('an example whose picture was changed makes another job, which is refused by its name', async () => {
    const { folder, run } = await small();
    expect(await run()).toMatchObject({ code: 0 });
    expect(await run()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 of them by earlier runs') as string,
    });
    await copyFile(join(SCENES, 'scene-03.jpg'), join(folder, 'bottle.jpg'));
    const { code, stderr } = await run();
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /another job.* content \(SHA-256\) of "example: bottle\.jpg \[34, 130, 129, 186\]" was "[0-9a-f]{64}"; now it is/,
    );
  });

  it('export and previews need neither the model nor the examples', async () => {
    const { folder, run } = await small();
    expect(await run()).toMatchObject({ code: 0 });
    const views = await viewsOf(join(folder, 'out'));
    await cp(join(folder, 'out'), join(folder, 'elsewhere'), { recursive: true });
    await writeFile(join(folder, 'bottle.jpg'), '');
    const { code } = await preannotate(['export', join(folder, 'elsewhere'), '--preview']);
    expect(code).toBe(0);
    expect(await viewsOf(join(folder, 'elsewhere'))).toEqual(views);
    expect(JSON.stringify(views)).toContain('example: bottle.jpg [34, 130, 129, 186]');
    expect(await readdir(join(folder, 'elsewhere/previews'))).toContain('a.jpg');
  });

  it('an ignored example takes boxes away', async () => {
    const { folder, run } = await small(
      'classes: [{ name: thing, prompts: [a photo of a bottle] }]\n' +
        'ignore: [{ image: photos/a.jpg, box: [34, 130, 129, 186] }]\n',
    );
    expect(await run()).toMatchObject({ code: 0 });
    expect(foundIn(join(folder, 'out'))).toEqual([]);
    await writeFile(join(folder, 'yard.yaml'), 'classes: [{ name: thing, prompts: [a photo of a bottle] }]\n');
    expect(await run('--restart')).toMatchObject({ code: 0 });
    expect(foundIn(join(folder, 'out')).length).toBeGreaterThan(0);
  });

  it('OWLv2 takes them too', async () => {
    const { run } = await small(
      'classes: [{ name: x, examples: [bottle.jpg, { image: bottle.jpg, box: [9, 9, 99, 99] }] }]\n',
    );
    const model = join(FIXTURES, 'models/owlv2-tiny');
    expect(await run('--model', model, '--score-floor', '0.001', '--score-threshold', '0.01')).toMatchObject({
      code: 0,
    });
  });

  it.each([
    ['is not there', 'nope.png', /yard\.yaml:1:34: .*nope\.png cannot be read: there is no such file/],
    ['is a folder', 'photos', /yard\.yaml:1:34: .*photos cannot be read: it is a folder/],
    ['is no image', 'yard.yaml', /yard\.yaml:1:34: yard\.yaml: its content is not an image/],
    [
      'has nothing in the box',
      '{ image: bottle.jpg, box: [900, 10, 950, 40] }',
      new RegExp(
        'yard\\.yaml:1:34: the box \\[900, 10, 950, 40\\] leaves less than a pixel of bottle\\.jpg, ' +
          'which is 320 x 240 upright',
      ),
    ],
    [
      'no predicted box overlaps',
      '{ image: bottle.jpg, box: [0, 0, 3, 2] }',
      new RegExp(
        'yard\\.yaml:1:34: the model finds no object in the box \\[0, 0, 3, 2\\] of bottle\\.jpg: none of its ' +
          'predicted boxes overlaps it\\.[^]*Draw the box around the whole of one object',
      ),
    ],
  ])('an example that %s ends it before any work, with its place in the ontology', async (_, example, message) => {
    const { folder, run } = await small(`classes: [{ name: a, examples: [ ${example} ] }]\n`);
    const { code, stderr } = await run();
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(await readdir(join(folder, 'out')).catch(() => [])).not.toContain('detections.jsonl');
  });

  it('--dry-run counts them and decodes nothing', async () => {
    const { stdout } = await (
      await small('classes: [{ name: a, prompts: [x], examples: [yard.yaml] }]\n')
    ).run('--dry-run');
    expect(stdout).toContain('1 class, 1 prompt, 1 example');
  });
});
