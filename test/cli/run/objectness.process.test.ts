import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { journalled, preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { exportOf } from '../../support/model/optimum/open.js';
import { temporaryFolder } from '../../support/temporary.js';

const TINY = join(FIXTURES, 'models/owlv2-tiny');
const SIDE = 98; // of its input
const PATCHES = 49;
const WHAT = ['--class', 'dog=a dog', '--score-floor', '0'];

let folder: string;
let picture: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-objectness-'));
  picture = join(folder, 'picture.png');
  await sharp(join(SCENES, 'scene-01.jpg')).resize(SIDE, SIDE, { fit: 'fill' }).png().toFile(picture);
});
afterAll(() => rm(folder, { recursive: true }));

type Stored = readonly { readonly score: number; readonly patch: number }[];

async function run(image: string, ...options: string[]): Promise<{ out: string; stored: Stored }> {
  const out = join(await temporaryFolder(), 'out');
  const finished = await preannotate(['run', image, '--model', TINY, ...WHAT, ...options, '--out', out]);
  expect(finished).toMatchObject({ code: 0 });
  const [line] = (await journalled(out)) as unknown as { detections: Stored }[];
  return { out, stored: line!.detections };
}

async function optionsOf(out: string): Promise<object> {
  return (JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { options: object }).options;
}

const patchesOf = (stored: Stored) => new Set(stored.map(({ patch }) => patch));

/** The highest limit, in steps of a twentieth, that leaves some patches. */
async function findLimit(): Promise<{ limit: string; kept: Stored }> {
  for (let limit = 0.95; limit > 0; limit -= 0.05) {
    const { stored } = await run(picture, '--min-objectness', limit.toFixed(2));
    if (stored.length > 0) return { limit: limit.toFixed(2), kept: stored };
  }
  throw new Error('no limit leaves a box');
}

describe('run --min-objectness', () => {
  it('stores the boxes of patches that reach it, in whole images and in tiles', async () => {
    const { stored: all } = await run(picture);
    const { limit, kept } = await findLimit();
    expect(all.length).toBeGreaterThan(kept.length);
    expect(kept).toEqual(all.filter(({ patch }) => patchesOf(kept).has(patch)));
    expect((await run(picture, '--min-objectness', '0')).stored).toEqual(all);

    const tiled = join(folder, 'tiled.png'); // the picture, twice side by side
    const input = await readFile(picture);
    const layers = [0, SIDE].map((left) => ({ input, left, top: 0 }));
    const blank = sharp({ create: { width: 2 * SIDE, height: SIDE, channels: 3, background: 'grey' } });
    await blank.composite(layers).png().toFile(tiled);
    const tiles = ['--tiles', `size=${SIDE},overlap=0,full_image=no`];
    const { stored } = await run(tiled, ...tiles, '--min-objectness', limit);
    const inTile = new Set(stored.map(({ patch }) => patch % PATCHES));
    expect(inTile.size).toBeGreaterThan(0);
    for (const patch of inTile) expect(patchesOf(kept)).toContain(patch);
    expect((await run(tiled, ...tiles)).stored.length).toBeGreaterThan(stored.length);
  });

  it('is a part of the job: a run with another value is not continued', async () => {
    const { out } = await run(picture);
    const again = (to: string, ...options: string[]) =>
      preannotate(['run', picture, '--model', TINY, ...WHAT, ...options, '--out', to]);
    const refused = await again(out, '--min-objectness', '0.2');
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/min_objectness was not set; now it is 0\.2\.[^]*Add --min-objectness 0 to finish/),
    });
    expect(await again(out)).toMatchObject({ code: 0 });
    expect(await again(out, '--min-objectness', '0.2', '--min-objectness', '0')).toMatchObject({ code: 0 });
    const limited = await run(picture, '--min-objectness', '0.2');
    expect(await optionsOf(limited.out)).toMatchObject({ min_objectness: 0.2 });
    expect(await again(limited.out)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /min_objectness was 0\.2; now it is not set\.[^]*Add --min-objectness 0\.2 to finish/,
      ),
    });
    expect(await again(limited.out, '--min-objectness', '0.2')).toMatchObject({ code: 0 });
  });

  it('0 is the same as not set: not recorded, resumed either way, and accepted with OWL-ViT', async () => {
    const { out } = await run(picture, '--min-objectness', '0');
    expect(await optionsOf(out)).not.toHaveProperty('min_objectness');
    const args = ['run', picture, '--model', TINY, ...WHAT, '--out', out];
    expect(await preannotate(args)).toMatchObject({ code: 0 });
    const env = { PREANNOTATE_MIN_OBJECTNESS: '0.2' };
    expect(await preannotate([...args, '--min-objectness', '0'], { env })).toMatchObject({ code: 0 });
    const emoji = ['run', picture, '--model', 'builtin:emoji', '--class', 'dog=a dog', '--min-objectness', '0'];
    const to = join(await temporaryFolder(), 'out');
    expect(await preannotate([...emoji, '--out', to])).toMatchObject({ code: 0 });
  });

  it.each<[what: string, model: () => Promise<string>, message: RegExp]>([
    [
      'OWL-ViT',
      async () => Promise.resolve('builtin:emoji'),
      /builtin:emoji gives no objectness: it is a model of OWL-ViT/,
    ],
    [
      'an export',
      () => exportOf('owlv2-tiny', { opset: 17 }, { kind: 'int8' }),
      /gives no objectness: it is an ONNX export/,
    ],
  ])('is refused with %s, by run, by a dry run and by serve', async (_, modelOf, message) => {
    const options = ['--model', await modelOf(), '--class', 'dog=a dog', '--min-objectness', '0.3'];
    const out = join(await temporaryFolder(), 'out');
    const calls = [
      ['run', picture, ...options, '--out', out],
      ['run', picture, ...options, '--out', out, '--dry-run'],
      ['serve', ...options, '--port', '0'],
    ];
    for (const call of calls) {
      const { code, stderr } = await preannotate(call);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    }
  });
});
