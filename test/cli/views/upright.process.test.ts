import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openDataSet } from '../../../src/data-set/open.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
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
