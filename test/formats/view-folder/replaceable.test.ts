import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatNames, formats } from '../../../src/formats/index.js';
import { imagesNamed, viewOf } from '../views.js';

describe.each(formatNames)('the folder of %s', (format) => {
  it('is not replaced when it holds a data set of the user', async () => {
    const view = await viewOf(format, imagesNamed(['a.jpg']));
    await mkdir(join(view.outDir, 'labels'), { recursive: true });
    await writeFile(join(view.outDir, 'labels/precious.txt'), 'by hand');
    await writeFile(join(view.outDir, 'data.yaml'), 'train: images\n');
    await writeFile(join(view.outDir, 'instances.json'), '{"info": {"contributor": "me"}}');
    await expect(formats[format].write(view)).rejects.toMatchObject({
      code: 'OUTPUT_UNUSABLE',
      message: expect.stringContaining(`${view.outDir} holds files that preannotate did not write`) as string,
    });
    expect(await readFile(join(view.outDir, 'labels/precious.txt'), 'utf8')).toBe('by hand');
  });

  it('is not replaced when it holds the images themselves', async () => {
    const view = await viewOf(format, imagesNamed(['a.jpg']));
    await formats[format].write(view);
    const inside = join(view.outDir, 'images');
    await mkdir(inside, { recursive: true });
    await expect(formats[format].write({ ...view, root: inside })).rejects.toMatchObject({
      code: 'OUTPUT_UNUSABLE',
      message: expect.stringContaining('holds the images themselves') as string,
    });
    await formats[format].write({ ...view, root: `${view.outDir}-images` }); // beside it is fine
  });

  it('is filled when it is empty', async () => {
    const view = await viewOf(format, imagesNamed(['a.jpg']));
    await mkdir(view.outDir, { recursive: true });
    await formats[format].write(view);
    expect(await readdir(view.outDir)).toContain(formats[format].signature.split('/')[0]);
  });

  it('is refused with its name when it is a file', async () => {
    const view = await viewOf(format, imagesNamed(['a.jpg']));
    await mkdir(join(view.outDir, '..'), { recursive: true });
    await writeFile(view.outDir, 'a file');
    await expect(formats[format].write(view)).rejects.toMatchObject({
      code: 'OUTPUT_UNUSABLE',
      message: expect.stringContaining(view.outDir) as string,
    });
    expect(await readFile(view.outDir, 'utf8')).toBe('a file');
  });
});
