import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { writePlainTiff } from '../../../src/images/tiff/write-tiff.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Refusal {
  readonly image: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

async function readRefusals(out: string): Promise<Refusal[]> {
  const lines = (await readFile(join(out, 'errors.jsonl'), 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Refusal);
}

async function previewsIn(out: string): Promise<string[]> {
  return (await readdir(join(out, 'previews'))).filter((name) => name.endsWith('.jpg')).sort();
}

describe('a folder of TIFF files', () => {
  it('has those annotated that can be shown; others are refused by cause and command; the run exits 3', async () => {
    const out = join(await temporaryFolder(), 'out');
    const cases = JSON.parse(await readFile(join(FIXTURES, 'tiff/cases.json'), 'utf8')) as {
      file: string;
      refused?: string;
    }[];
    const args = ['run', join(FIXTURES, 'tiff'), ...EMOJI, '--ext', 'tif', '--preview', '--out', out];
    const { code } = await preannotate(args);
    expect(code).toBe(3);
    const wanted = cases.filter(({ refused }) => refused !== undefined);
    const refusals = await readRefusals(out);
    expect(refusals.map(({ image }) => image).sort()).toEqual(wanted.map(({ file }) => file).sort());
    for (const { image, code: cause, message, hint } of refusals) {
      const pattern = wanted.find(({ file }) => file === image)!.refused!;
      expect({ image, cause }).toEqual({ image, cause: 'IMAGE_UNSUPPORTED' });
      expect(message).toMatch(new RegExp(`^${image}: this TIFF file cannot be shown: .*${pattern}`));
      expect(hint).toMatch(/^The file is not damaged\. Convert it, for example with `(gdal_translate|magick) /);
    }
    const shown = cases.filter(({ refused }) => refused === undefined).map(({ file }) => file);
    const names = (folder: string) => readdir(join(out, folder)).then((files) => files.sort());
    expect(await names('yolo/images/train')).toEqual(shown.sort());
    expect(await previewsIn(out)).toEqual(shown.map((name) => `${name}.jpg`).sort());
    const preview = await sharp(join(out, 'previews/double-rgb-0-1.tif.jpg')).stats();
    for (const { max, mean } of preview.channels) {
      expect(max).toBeGreaterThan(200);
      expect(mean).toBeLessThan(100);
    }
  });

  it('gets the boxes that the same pixels get as PNG, whole and in tiles', async () => {
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    await mkdir(images);
    const { data, info } = await sharp(join(SCENES, 'scene-01.jpg')).raw().toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    await sharp(data, { raw: { width, height, channels: 3 } }).toFile(join(images, 'scene.png'));
    const pixels = Uint16Array.from(data, (value) => value * 16); // 12 bits in 16, tagged as grey
    const tiff = { width, height, pixels, samples: 3, photometric: 1, orientation: 1 } as const;
    await writeFile(join(images, 'scene.tif'), writePlainTiff(tiff));
    for (const [name, options] of Object.entries({ whole: [], tiles: ['--tiles', '200'] })) {
      const out = join(folder, name);
      expect((await preannotate(['run', images, ...EMOJI, ...options, '--out', out])).code).toBe(0);
      const [first, second] = (await readFile(join(out, 'detections.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => JSON.parse(line) as { detections: unknown[] });
      expect(first!.detections.length).toBeGreaterThan(1);
      expect(second!.detections).toEqual(first!.detections);
    }
  });
});

it('a TIFF file named .jpg is decoded by its content', async () => {
  const folder = await temporaryFolder();
  await copyFile(join(FIXTURES, 'tiff/float-rgb-0-1.tif'), join(folder, 'photo.jpg'));
  const out = join(folder, 'out');
  const { code } = await preannotate(['run', join(folder, 'photo.jpg'), ...EMOJI, '--out', out]);
  expect({ code, refusals: await readRefusals(out) }).toEqual({ code: 0, refusals: [] });
});

describe('camera raw', () => {
  it('is refused under any name, and the pictures beside it are annotated', async () => {
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    await mkdir(images);
    const raw = (file: string) => join(FIXTURES, 'raw', file);
    await copyFile(raw('dng.tif'), join(images, 'phone.tif'));
    await copyFile(raw('nef.tif'), join(images, 'nikon.jpg'));
    await copyFile(raw('cr2.tif'), join(images, 'canon.tiff'));
    await copyFile(raw('cr3.tif'), join(images, 'new-canon.png'));
    await copyFile(raw('scanner.tif'), join(images, 'scanner.tif'));
    await copyFile(join(SCENES, 'scene-01.jpg'), join(images, 'photo.jpg'));
    const out = join(folder, 'out');
    const { code, stderr } = await preannotate(['run', images, ...EMOJI, '--preview', '--out', out]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/4 .*failed/);
    const refusals = (await readRefusals(out)).map(({ image, code: cause, message }) => ({ image, cause, message }));
    const refusal = (image: string, format: string) => ({
      image,
      cause: 'IMAGE_UNSUPPORTED',
      message: `${image}: camera raw: convert it first (${format}).`,
    });
    expect(refusals.sort((a, b) => (a.image < b.image ? -1 : 1))).toEqual([
      refusal('canon.tiff', 'Canon CR2'),
      refusal('new-canon.png', 'Canon CR3'),
      refusal('nikon.jpg', 'Nikon NEF'),
      refusal('phone.tif', 'DNG'),
    ]);
    const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as { images: object[] };
    expect(coco.images).toMatchObject([
      { file_name: 'photo.jpg' },
      { file_name: 'scanner.tif', width: 64, height: 48 },
    ]);
    expect(await previewsIn(out)).toEqual(['photo.jpg', 'scanner.tif.jpg']);
  });
});
