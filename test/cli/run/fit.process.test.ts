import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { formatLine, parseLine } from '../../../src/disk/checked-line.js';
import type { JournalHeader } from '../../../src/run/header.js';
import type { RunManifest } from '../../../src/run/manifest.js';
import { EMOJI, journalled, preannotate, SCENES } from '../../support/cli.js';
import { accuracyOf } from '../../support/evaluation/accuracy.js';
import { emojiAsOwlv2 } from '../../support/model/emoji-owlv2.js';
import { ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

const ONTOLOGY = ['--ontology', join(ROOT, 'ontologies/emoji.yaml')];
const SIDE = 192; // of the built-in model's input

interface Found {
  readonly class: string;
  readonly score: number;
  readonly box: readonly [number, number, number, number];
}

/** Parts of a scene, as PNG files: a wide one and a tall one. */
async function writePictures(folder: string, names: readonly string[] = ['wide', 'tall']): Promise<string> {
  await mkdir(folder, { recursive: true });
  const sizes: Record<string, [number, number]> = { wide: [SIDE, SIDE / 2], tall: [SIDE / 2, SIDE], more: [SIDE, 120] };
  for (const name of names) {
    const [width, height] = sizes[name]!;
    const scene = sharp(join(SCENES, 'scene-02.jpg')).resize(320, 240).removeAlpha();
    await scene.extract({ left: 60, top: 20, width, height }).toFile(join(folder, `${name}.png`));
  }
  return folder;
}

async function foundIn(out: string): Promise<Map<string, Found[]>> {
  const lines = (await journalled(out)) as unknown as { image: string; detections: Found[] }[];
  return new Map(lines.map(({ image, detections }) => [image, detections]));
}

async function optionsOf(out: string): Promise<RunManifest['options']> {
  return (JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as RunManifest).options;
}

/** Takes out of a journal what version 0.1 did not record. */
async function forgetForm(out: string): Promise<void> {
  const path = join(out, 'detections.jsonl');
  const [first, ...rest] = (await readFile(path, 'utf8')).split('\n');
  const { options, ...header } = parseLine(first!) as JournalHeader & { check?: string };
  const { fit: _, positions: __, ...before } = options;
  expect(options).not.toEqual(before);
  await writeFile(path, formatLine({ ...header, preannotate: '0.1.0', options: before }) + rest.join('\n'));
}

describe('pictures that are padded', () => {
  it.each([
    ['OWL-ViT', 'letterbox', 'grey', 128],
    ['OWLv2', 'auto', 'letterbox', 0],
  ])('have for %s, by --fit %s, the boxes of the same pictures padded by hand', async (family, fit, stored, level) => {
    const folder = await temporaryFolder();
    const pictures = await writePictures(join(folder, 'pictures'));
    const model = family === 'OWLv2' ? await emojiAsOwlv2(join(folder, 'model')) : 'builtin:emoji';
    const byHand = join(folder, 'by-hand');
    await mkdir(byHand);
    for (const [name, right, bottom] of [['wide.png', 0, SIDE / 2] as const, ['tall.png', SIDE / 2, 0] as const]) {
      const background = { r: level, g: level, b: level };
      await sharp(join(pictures, name)).extend({ right, bottom, background }).toFile(join(byHand, name));
    }
    const run = async (images: string) => {
      const out = join(folder, `out-of-${images === byHand ? 'squares' : 'pictures'}`);
      const args = ['run', images, '--model', model, ...ONTOLOGY, '--score-floor', '0.001', '--fit', fit, '--preview'];
      expect(await preannotate([...args, '--out', out])).toMatchObject({ code: 0 });
      expect((await optionsOf(out)).fit).toBe(stored);
      return foundIn(out);
    };
    const [found, expected] = [await run(pictures), await run(byHand)];
    for (const [name, width, height] of [
      ['wide.png', SIDE, SIDE / 2] as const,
      ['tall.png', SIDE / 2, SIDE] as const,
    ]) {
      const clipped = expected.get(name)!.map(({ box: [x1, y1, x2, y2], ...rest }) => ({
        ...rest,
        box: [Math.min(x1, width), Math.min(y1, height), Math.min(x2, width), Math.min(y2, height)],
      }));
      const left = clipped.filter(({ box: [x1, y1, x2, y2] }) => x1! < x2! && y1! < y2!);
      expect(left.length).toBeGreaterThan(2);
      expect(found.get(name)!.length).toBe(left.length);
      expect(found.get(name)).toEqual(expect.arrayContaining(left));
    }
  });

  it('may be unpadded for OWLv2: the same alone or in batches, and another job than letterbox', async () => {
    const folder = await temporaryFolder();
    const pictures = await writePictures(join(folder, 'pictures'), ['wide', 'tall', 'more']);
    for (const name of ['wide', 'tall']) await cp(join(pictures, `${name}.png`), join(pictures, `${name}-2.png`));
    const model = ['--model', await emojiAsOwlv2(join(folder, 'model')), ...ONTOLOGY];
    const run = (out: string, ...flags: string[]) =>
      preannotate(['run', pictures, ...model, ...flags, '--workers-per-device', '1', '--out', join(folder, out)]);
    for (const batch of ['1', '3']) {
      const flags = ['--fit', 'unpadded', '--score-floor', '0.001', '--max-batch-size', batch];
      expect(await run(batch, ...flags)).toMatchObject({ code: 0 });
    }
    expect((await optionsOf(join(folder, '3'))).fit).toBe('unpadded');
    const [alone, together] = [await foundIn(join(folder, '1')), await foundIn(join(folder, '3'))];
    for (const [name, found] of alone) expect(together.get(name), name).toEqual(found);
    expect(alone.get('wide.png')!.length).toBeGreaterThan(2);

    await writePictures(pictures, ['wide']);
    const other = await run('1', '--score-floor', '0.001');
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/fit.*unpadded/s);
    const refused = await preannotate(['run', pictures, ...EMOJI, '--fit', 'unpadded', '--out', join(folder, 'other')]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('OWL-ViT always gets the whole input');
  });

  it('may be tiles: each is padded on its own', async () => {
    const folder = await temporaryFolder();
    const scene = sharp(join(SCENES, 'scene-02.jpg')).resize(SIDE, SIDE, { fit: 'fill' }).removeAlpha();
    const [whole, halves] = [join(folder, 'whole'), join(folder, 'halves')];
    await mkdir(whole);
    await mkdir(halves);
    await scene.clone().toFile(join(whole, 'a.png'));
    for (const top of [0, SIDE / 2]) {
      const half = scene.clone().png().toBuffer();
      await sharp(await half)
        .extract({ left: 0, top, width: SIDE, height: SIDE / 2 })
        .toFile(join(halves, `${top}.png`));
    }
    const run = async (images: string, ...more: string[]) => {
      const out = `${images}-out`;
      const args = ['run', images, ...EMOJI, '--fit', 'letterbox', ...more, '--out', out];
      expect(await preannotate(args)).toMatchObject({ code: 0 });
      return foundIn(out);
    };
    const tiled = (await run(whole, '--tiles', `${SIDE / 2},${SIDE},overlap=0,full_image=no`)).get('a.png')!;
    const apart = await run(halves);
    const awayFromSeam = tiled.filter(({ box }) => box[3] < SIDE / 2 - 1 || box[1] > SIDE / 2 + 1);
    expect(awayFromSeam.length).toBeGreaterThan(2);
    for (const { score, box } of awayFromSeam) {
      const top = box[3] < SIDE / 2 ? 0 : SIDE / 2;
      const same = apart.get(`${top}.png`)!.filter((one) => one.score === score);
      expect(
        same.map((one) => one.box.map((side, i) => Math.round((side + (i % 2) * top) * 100) / 100)),
      ).toContainEqual(box);
    }
  });

  it('may be unpadded: boxes are where the objects are', async () => {
    const folder = await temporaryFolder();
    const model = ['--model', await emojiAsOwlv2(join(folder, 'model')), ...ONTOLOGY];
    const out = join(folder, 'out');
    expect(await preannotate(['run', SCENES, ...model, '--fit', 'unpadded', '--out', out])).toMatchObject({ code: 0 });
    expect((await accuracyOf(out, SCENES)).map50).toBeGreaterThan(0.9);
  });

  it.each([
    [['--fit', 'letterbox'], 0.8],
    [['--fit', 'letterbox', '--precision', 'int8'], 0.8],
    [['--fit', 'grey', '--image-size', '256'], 0.8],
  ])('%s: boxes are where the objects are', async (flags, least) => {
    const out = join(await temporaryFolder(), 'out');
    expect(await preannotate(['run', SCENES, ...EMOJI, ...flags, '--out', out])).toMatchObject({ code: 0 });
    expect((await accuracyOf(out, SCENES)).map50).toBeGreaterThan(least);
  });
});

describe('a folder that was begun with another fit', () => {
  it('is refused with the flag that finishes it, exported in any case, and finished with that flag', async () => {
    const folder = await temporaryFolder();
    const [pictures, out] = [await writePictures(join(folder, 'pictures')), join(folder, 'out')];
    const run = (...more: string[]) => preannotate(['run', pictures, ...EMOJI, '--out', out, ...more]);
    expect(await run('--fit', 'letterbox')).toMatchObject({ code: 0 });
    const refused = await run();
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('fit was "grey"; now it is "stretch"');
    expect(refused.stderr).toContain('Add --fit grey to finish it as it was begun');
    expect((await run('--dry-run')).code).toBe(2);
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
    await writePictures(pictures, ['more']);
    expect(await run('--fit', 'grey')).toMatchObject({ code: 0 });
    expect([...(await foundIn(out)).keys()].sort()).toEqual(['more.png', 'tall.png', 'wide.png']);
  });

  it('by version 0.1 of an OWLv2 model was padded with grey, and an OWL-ViT one was stretched', async () => {
    const folder = await temporaryFolder();
    const [pictures, model] = [
      await writePictures(join(folder, 'pictures')),
      await emojiAsOwlv2(join(folder, 'model')),
    ];
    const out = join(folder, 'out');
    const run = (...more: string[]) =>
      preannotate(['run', pictures, '--model', model, ...ONTOLOGY, '--out', out, ...more]);
    expect(await run('--fit', 'grey')).toMatchObject({ code: 0 });
    const before = await foundIn(out);
    await forgetForm(out);
    const refused = await run();
    expect({ code: refused.code, stderr: refused.stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/fit was "grey"; now it is "letterbox"[^]*Add --fit grey to finish it/) as string,
    });
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
    await writePictures(pictures, ['more']);
    expect(await run('--fit', 'grey')).toMatchObject({ code: 0 });
    expect(await foundIn(out)).toEqual(new Map([...before, ['more.png', expect.anything()]]));

    const stretched = join(folder, 'stretched');
    const runEmoji = (...more: string[]) => preannotate(['run', pictures, ...EMOJI, '--out', stretched, ...more]);
    expect(await runEmoji('--limit', '2')).toMatchObject({ code: 0 });
    await forgetForm(stretched);
    expect((await runEmoji('--fit', 'letterbox')).stderr).toContain('Add --fit stretch to finish it');
    expect(await runEmoji()).toMatchObject({ code: 0 });
    expect((await foundIn(stretched)).size).toBe(3);
  });
});

it('a folder that version 0.1 began with a smaller input of OWLv2 names both flags that finish it', async () => {
  const folder = await temporaryFolder();
  const [pictures, model] = [await writePictures(join(folder, 'pictures')), await emojiAsOwlv2(join(folder, 'model'))];
  const out = join(folder, 'out');
  const args = ['run', pictures, '--model', model, ...ONTOLOGY, '--image-size', '128', '--score-floor', '0.001'];
  const run = (to: string, ...more: string[]) => preannotate([...args, '--out', to, ...more]);
  const flags = ['--fit', 'grey', '--positions', 'interpolate'];
  expect(await run(out, ...flags)).toMatchObject({ code: 0 });
  expect(await optionsOf(out)).not.toHaveProperty('positions');
  const before = await foundIn(out);
  await forgetForm(out);
  const refused = await run(out);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('Add --fit grey, and add --positions interpolate to finish it');
  expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
  await writePictures(pictures, ['more']);
  expect(await run(out, ...flags)).toMatchObject({ code: 0 });
  expect(await foundIn(out)).toEqual(new Map([...before, ['more.png', expect.anything()]]));

  const sliced = join(folder, 'sliced');
  expect(await run(sliced, '--fit', 'grey')).toMatchObject({ code: 0 });
  expect(await optionsOf(sliced)).toMatchObject({ fit: 'grey', positions: 'slice' });
  expect((await foundIn(sliced)).get('wide.png')).not.toEqual(before.get('wide.png'));
  const env = { PREANNOTATE_POSITIONS: 'interpolate' };
  const other = await preannotate([...args, '--out', sliced, '--fit', 'grey'], { env });
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('Add --positions auto to finish it') });
});

it('flag, variable and config file mean the same', async () => {
  const folder = await temporaryFolder();
  const pictures = await writePictures(join(folder, 'pictures'), ['wide']);
  await writeFile(join(folder, 'preannotate.yaml'), 'fit: letterbox\n');
  const run = async (name: string, flags: string[], more: Parameters<typeof preannotate>[1] = {}) => {
    const out = join(folder, name);
    expect(await preannotate(['run', pictures, ...EMOJI, '--out', out, ...flags], more)).toMatchObject({ code: 0 });
    return (await optionsOf(out)).fit;
  };
  expect(await run('by-flag', ['--fit', 'letterbox'])).toBe('grey');
  expect(await run('by-variable', [], { env: { PREANNOTATE_FIT: 'letterbox' } })).toBe('grey');
  expect(await run('by-file', [], { cwd: folder })).toBe('grey');
  expect(await run('overruled', ['--fit', 'auto'], { cwd: folder })).toBe('stretch');
  const wrong = await preannotate(['run', pictures, ...EMOJI, '--fit', 'black']);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/auto.*stretch.*letterbox.*grey/) });
});
