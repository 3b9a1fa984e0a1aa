import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

const NOTE =
  'Training programs such as Ultralytics leave out 4 annotated images: 1 AVIF (read by newer versions), 2 GIF, ' +
  '1 TIFF with floating-point samples.';

describe('images that training programs leave out', () => {
  it('are counted in run.json and in one note, by run and by export, and are in the views', async () => {
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    await mkdir(images);
    const odd = ['float.tif', 'gif-named.jpg', 'picture.avif', 'picture.gif'];
    for (const name of odd) await copyFile(join(FIXTURES, 'formats', name), join(images, name));
    await copyFile(join(SCENES, 'scene-01.jpg'), join(images, 'scene-01.jpg'));
    const out = join(folder, 'out');
    const { code, stderr, stdout } = await preannotate(['run', images, ...EMOJI, '--out', out, '--json']);
    expect(code).toBe(0);
    expect(stderr.split(NOTE)).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({
      counts: {
        annotated: 5,
        skipped_by_trainers: { 'AVIF (read by newer versions)': 1, GIF: 2, 'TIFF with floating-point samples': 1 },
      },
    });
    const exported = await preannotate(['export', out]);
    expect(exported.stderr.split(NOTE)).toHaveLength(2);
    const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as { images: unknown[] };
    expect(coco.images).toHaveLength(5);
  });
});
