import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import type { SeenExample } from '../../../src/core/seen-example.js';
import { colourOfClass } from '../../../src/core/drawing/class-colours.js';
import { preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const ONTOLOGY = `classes:
  - name: bottle
    examples:
      - { image: yard/bottle.jpg, box: [34, 130, 129, 186] }
      - { image: yard/bottle.jpg, box: [10, 10, 310, 230] }
ignore: [{ image: yard/a dog.jpg }]
`;

const PICTURES = ['1-bottle.jpeg', '2-bottle.jpeg', '3-a-dog.jpeg'];

/** A folder with a scene to annotate and its examples, and functions that run over it and list what was drawn. */
async function prepared() {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'photos/examples'), { recursive: true });
  await mkdir(join(folder, 'yard'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'photos/examples/1-bottle.jpg'));
  await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'yard/bottle.jpg'));
  await copyFile(join(SCENES, 'scene-03.jpg'), join(folder, 'yard/a dog.jpg'));
  await writeFile(join(folder, 'yard.yaml'), ONTOLOGY);
  const args = ['run', 'photos', '--model', 'builtin:emoji', '--ontology', 'yard.yaml', '--out', 'out'];
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  const drawn = join(folder, 'out/previews/examples');
  return {
    folder,
    drawn,
    run: (...more: string[]) => preannotate([...args, ...more], { cwd: folder, env }),
    pictures: async () => (await readdir(drawn)).filter((name) => name.endsWith('.jpeg')).sort(),
  };
}

/** Whether a pixel of a JPEG has a colour, but for its losses. */
async function hasColour(path: string, [x, y]: readonly [number, number], colour: readonly number[]): Promise<boolean> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.round(y) * info.width + Math.round(x)) * info.channels;
  return colour.every((level, channel) => Math.abs(data[at + channel]! - level) < 90);
}

it('--preview draws each example with its box and the one of the model, beside the previews of images', async () => {
  const { folder, drawn, run, pictures } = await prepared();
  const { code, stdout } = await run('--preview', '--json');
  expect(code).toBe(0);
  expect(await pictures()).toEqual(PICTURES);
  expect(await readdir(drawn)).toContain('1-bottle.jpg'); // of an image in a folder of that name
  const { examples, counts } = JSON.parse(stdout) as { examples: SeenExample[]; counts: { previews: number } };
  expect(counts.previews).toBe(1);
  const [x1, y1, , y2] = examples[1]!.box;
  expect(await hasColour(join(drawn, PICTURES[1]!), [11, 120], colourOfClass(0))).toBe(true);
  expect(await hasColour(join(drawn, PICTURES[1]!), [Math.floor(x1), (y1 + y2) / 2], colourOfClass(1))).toBe(true);
  expect(await sharp(join(drawn, PICTURES[2]!)).metadata()).toMatchObject({ format: 'jpeg' });
  expect(await readdir(join(folder, 'out/previews'))).not.toContain('.preannotate-new');
});

it('a run that has nothing left to do draws them as it reported them, and an export draws them again', async () => {
  const { folder, drawn, run, pictures } = await prepared();
  expect(await run()).toMatchObject({ code: 0 });
  expect(await run('--preview')).toMatchObject({ code: 0 });
  expect(await pictures()).toEqual(PICTURES);
  const before = await readFile(join(drawn, PICTURES[0]!));
  await rm(join(folder, 'out/previews'), { recursive: true });
  expect(await preannotate(['export', join(folder, 'out'), '--preview'])).toMatchObject({ code: 0 });
  expect(await pictures()).toEqual(PICTURES);
  expect(await readFile(join(drawn, PICTURES[0]!))).toEqual(before);
});

it('an export keeps those whose image is gone or has changed, also without run.json', async () => {
  const { folder, drawn, run, pictures } = await prepared();
  expect(await run('--preview')).toMatchObject({ code: 0 });
  const before = await readFile(join(drawn, PICTURES[2]!));
  await rm(join(folder, 'yard/bottle.jpg'));
  await copyFile(join(SCENES, 'scene-05.jpg'), join(folder, 'yard/a dog.jpg'));
  expect(await preannotate(['export', join(folder, 'out')])).toMatchObject({ code: 0, stderr: '' });
  expect(await pictures()).toEqual(PICTURES);
  expect(await readFile(join(drawn, PICTURES[2]!))).toEqual(before);
  await rm(join(folder, 'out/run.json'));
  expect(await preannotate(['export', join(folder, 'out')])).toMatchObject({ code: 0 });
  expect(await pictures()).toEqual(PICTURES);
});

it('are drawn again by an export when the folder was moved with the images', async () => {
  const { folder, run } = await prepared();
  expect(await run('--preview')).toMatchObject({ code: 0 });
  const moved = join(await temporaryFolder(), 'moved');
  await cp(folder, moved, { recursive: true });
  await rm(folder, { recursive: true });
  await rm(join(moved, 'out/previews'), { recursive: true });
  expect(await preannotate(['export', join(moved, 'out'), '--preview'])).toMatchObject({ code: 0 });
  expect(await readdir(join(moved, 'out/previews/examples'))).toEqual(expect.arrayContaining(PICTURES));
});

it('--restart with other examples removes the pictures of the earlier ones', async () => {
  const { folder, run, pictures } = await prepared();
  expect(await run('--preview')).toMatchObject({ code: 0 });
  await writeFile(join(folder, 'yard.yaml'), 'classes: [{ name: bottle, examples: [yard/a dog.jpg] }]\n');
  expect(await run('--restart')).toMatchObject({ code: 0 });
  expect(await pictures()).toEqual(['1-a-dog.jpeg']);
  await writeFile(join(folder, 'yard.yaml'), 'classes: [bottle]\n');
  expect(await run('--restart')).toMatchObject({ code: 0 });
  expect(await pictures()).toEqual([]);
});
