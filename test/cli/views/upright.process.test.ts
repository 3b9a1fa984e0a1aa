import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openDataSet } from '../../../src/data-set/open.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { canMount, smallDisk } from '../../support/system/disk.js';
import { temporaryFolder } from '../../support/temporary.js';

const FORMATS = ['yolo', 'voc', 'labelme', 'huggingface'];

async function ok(...args: readonly string[]) {
  const finished = await preannotate(args);
  expect(finished).toMatchObject({ code: 0 });
  return finished;
}

it('--write-upright writes turned images so that readers that ignore EXIF see what the boxes are of', async () => {
  const folder = await temporaryFolder();
  const [images, out] = [join(folder, 'photos'), join(folder, 'out')];
  await mkdir(images);
  await copyFile(join(SCENES, 'scene-01.jpg'), join(images, 'plain.jpg'));
  const upright = await sharp(join(SCENES, 'scene-02.jpg')).toBuffer(); // 640 x 480
  for (let orientation = 1; orientation <= 8; orientation++) {
    const turned = sharp(upright).withMetadata({ orientation });
    await writeFile(join(images, `turned-${orientation}.jpg`), await turned.jpeg({ quality: 95 }).toBuffer());
  }
  await writeFile(join(images, 'turned.png'), await sharp(upright).withMetadata({ orientation: 6 }).png().toBuffer());
  const before = await readFile(join(images, 'turned-6.jpg'));
  const run = ['run', images, ...EMOJI, '-o', out, '--format', FORMATS.join(',')];
  const { stderr } = await ok(...run, '--write-upright');
  expect(stderr).toContain('yolo: 8 images written upright into yolo/images, without EXIF tags.');
  expect(await readFile(join(images, 'turned-6.jpg'))).toEqual(before);
  for (const format of FORMATS) {
    const set = await openDataSet(join(out, format), { imagesRoot: images });
    let turned = 0;
    for await (const { name, imagePath, width, height } of set.images) {
      const stored = await sharp(imagePath).metadata();
      expect([stored.width, stored.height], `${format} ${name}`).toEqual([width, height]);
      expect([undefined, 1], `${format} ${name}`).toContain(stored.orientation);
      if (name === 'plain.jpg' || name === 'turned-1.jpg') continue;
      turned++;
      const expected = await sharp(join(images, name)).autoOrient().resize(16, 16, { fit: 'fill' }).raw().toBuffer();
      const found = await sharp(imagePath).resize(16, 16, { fit: 'fill' }).raw().toBuffer();
      const differences = expected.map((value, i) => Math.abs(value - found[i]!));
      expect(Math.max(...differences), `${format} ${name}`).toBeLessThan(12);
    }
    expect(turned, format).toBe(8);
  }

  const copy = join(out, 'yolo/images/train/turned-6.jpg');
  const { ctimeNs } = await stat(copy, { bigint: true });
  await ok(...run); // keeps the option
  await ok('export', out);
  expect((await stat(copy, { bigint: true })).ctimeNs).toBe(ctimeNs);
  await ok('export', out, '--score-threshold', '0.5'); // other labels, the same pictures
  expect((await stat(copy, { bigint: true })).ctimeNs).toBe(ctimeNs);
  await ok('export', out, '--no-write-upright');
  expect(await readFile(copy)).toEqual(before);
});

it('--write-upright places a turned image that cannot be decoded as the others are, and names it', async () => {
  const folder = await temporaryFolder();
  const [images, out] = [join(folder, 'photos'), join(folder, 'out')];
  await mkdir(images);
  const turned = await sharp(join(SCENES, 'scene-02.jpg')).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  for (const name of ['cut.jpg', 'whole.jpg']) await writeFile(join(images, name), turned);
  await ok('run', images, ...EMOJI, '-o', out, '--format', 'yolo');
  const cut = turned.subarray(0, turned.length * 0.6);
  await writeFile(join(images, 'cut.jpg'), cut);
  const { stderr } = await ok('export', out, '--write-upright');
  expect(stderr).toContain(
    'yolo: 1 image that EXIF turns (cut.jpg) could not be decoded, and is in yolo/images as stored, not upright.',
  );
  expect(stderr).toContain('yolo: 1 image written upright');
  expect(stderr).not.toContain('could not be placed');
  const view = join(out, 'yolo/images/train');
  expect(await readFile(join(view, 'cut.jpg'))).toEqual(cut);
  expect((await sharp(join(view, 'whole.jpg')).metadata()).orientation ?? 1).toBe(1);
});

it.skipIf(!canMount)('--write-upright on a full disk is a write that failed (needs the right to mount)', async () => {
  const images = join(await temporaryFolder(), 'photos');
  await mkdir(images);
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const picture = sharp({ create: { width: 1000, height: 800, channels: 3, background: 'white', noise } });
  await writeFile(join(images, 'noise.jpg'), await picture.withMetadata({ orientation: 6 }).jpeg().toBuffer());
  const out = join(await smallDisk('256k'), 'out');
  const run = ['run', images, ...EMOJI, '-o', out, '--format', 'yolo'];
  const { code, stderr } = await preannotate([...run, '--write-upright']);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/noise\.jpg: the disk is full\./) });
  expect(await readdir(out)).not.toContain('yolo');
  await ok(...run, '--no-write-upright');
});
