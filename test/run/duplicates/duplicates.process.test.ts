import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Coco {
  readonly images: { id: number; file_name: string }[];
  readonly annotations: { image_id: number; bbox: number[]; score: number }[];
}

it('identical images are annotated once and written for every copy, by later runs and --retry-failed too', async () => {
  const folder = await temporaryFolder();
  const [images, out] = [join(folder, 'photos'), join(folder, 'out')];
  const put = (scene: string, name: string) => copyFile(join(SCENES, scene), join(images, name));
  await mkdir(join(images, 'sub'), { recursive: true });
  await put('scene-01.jpg', 'a.jpg');
  await put('scene-01.jpg', 'copy.jpg');
  await put('scene-01.jpg', 'sub/copy.jpg');
  await put('scene-02.jpg', 'other.jpg');
  await writeFile(join(images, 'broken.jpg'), (await readFile(join(SCENES, 'scene-02.jpg'))).subarray(0, 300));
  const run = ['run', images, ...EMOJI, '-o', out];
  const first = await preannotate(run);
  expect(first).toMatchObject({ code: 3 });
  expect(first.stdout).toContain('4 of 5 images annotated');
  expect(first.stdout).toContain(', 2 copies of others among them.');
  const countsOf = async () => {
    const text = await readFile(join(out, 'run.json'), 'utf8');
    return (JSON.parse(text) as { counts: Record<string, number> }).counts;
  };
  expect(await countsOf()).toMatchObject({ annotated: 4, failed: 1, duplicates: 2 });

  const boxesOf = async () => {
    const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Coco;
    const names = new Map(coco.images.map(({ id, file_name: name }) => [id, name]));
    const boxes: Record<string, unknown[]> = {};
    for (const { image_id: id, bbox, score } of coco.annotations) (boxes[names.get(id)!] ??= []).push([bbox, score]);
    return boxes;
  };
  const boxes = await boxesOf();
  expect(boxes['a.jpg']!.length).toBeGreaterThan(0);
  for (const name of ['copy.jpg', 'sub/copy.jpg']) expect(boxes[name]).toEqual(boxes['a.jpg']);
  expect(boxes['other.jpg']).not.toEqual(boxes['a.jpg']);
  expect((await journalled(out)).map(({ image }) => image).sort()).toEqual(Object.keys(boxes).sort());

  await put('scene-02.jpg', 'later.jpg');
  const second = await preannotate(run);
  expect(second.stdout).toContain(', 1 copy of others among them.');
  expect((await boxesOf())['later.jpg']).toEqual(boxes['other.jpg']);
  await put('scene-02.jpg', 'broken.jpg');
  const third = await preannotate([...run, '--retry-failed']);
  expect({ code: third.code, counts: await countsOf() }).toMatchObject({
    code: 0,
    counts: { failed: 0, duplicates: 1 },
  });
  expect((await boxesOf())['broken.jpg']).toEqual(boxes['other.jpg']);
});
