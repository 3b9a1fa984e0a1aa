import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const IMAGES = ['scene-02.jpg', 'scene-03.jpg'].map((name) => join(SCENES, name));
const RUN = ['run', ...IMAGES, ...EMOJI];
const LABEL = 'yolo/labels/train/scene-02.txt';

/** Boxes in one image, by what shows them. */
async function boxesIn(out: string): Promise<{ coco: number; yolo: number }> {
  const { images, annotations } = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as {
    images: { id: number; file_name: string }[];
    annotations: { image_id: number }[];
  };
  const { id } = images.find(({ file_name: name }) => name === 'scene-02.jpg')!;
  const coco = annotations.filter(({ image_id: imageId }) => imageId === id).length;
  return { coco, yolo: (await readFile(join(out, LABEL), 'utf8')).split('\n').length - 1 };
}

/** Changes all views of a folder by a command that names one format, once to fewer boxes and once to more. */
async function changeViews(commandOf: (out: string) => string[]): Promise<void> {
  const out = join(await temporaryFolder(), 'out');
  await preannotate([...RUN, '--out', out, '--preview', '1']);
  const before = await boxesIn(out);
  const preview = async () => await readFile(join(out, 'previews/scene-02.jpg'));
  let last = await preview();
  for (const [flags, isMore] of [
    [['--format', 'coco', '--max-detections', '1'], false],
    [['--format', 'coco', '--score-threshold', '0.06'], true],
  ] as const) {
    const { code, stderr } = await preannotate([...commandOf(out), ...flags]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('edited') as string });
    const now = await boxesIn(out);
    expect(now.coco).toBe(now.yolo);
    expect(isMore ? now.coco > before.coco : now.coco < before.coco).toBe(true);
    expect((await preview()).equals(last)).toBe(false);
    last = await preview();
    const files = await readdir(join(out, 'previews'));
    expect(files).toEqual(['README.txt', 'index.html', 'scene-02.jpg']); // as many as before
  }
  expect(JSON.parse(await readFile(join(out, 'run.json'), 'utf8'))).toMatchObject({ formats: ['coco', 'yolo'] });
}

it('every view of a folder has the same boxes, whichever format an export names', async () => {
  await changeViews((out) => ['export', out]);
});

it('every view of a folder has the same boxes, whichever format a run names', async () => {
  await changeViews((out) => [...RUN, '--out', out]);
});

it('--format adds a view to those that are there, and a folder that was deleted does not count', async () => {
  const out = join(await temporaryFolder(), 'out');
  await preannotate([...RUN, '--out', out, '--format', 'coco']);
  expect(await readdir(out)).not.toContain('yolo');
  const { stdout } = await preannotate(['export', out, '--format', 'yolo', '--score-threshold', '0.2']);
  expect(stdout).toContain(' boxes in 2 images with score threshold 0.2: yolo and coco written to ');
  const { coco, yolo } = await boxesIn(out);
  expect(coco).toBe(yolo);
  await rm(join(out, 'yolo'), { recursive: true });
  expect((await preannotate(['export', out, '--json'])).stdout).toContain('"coco"');
  expect(await readdir(out)).not.toContain('yolo');
});

it('a folder of the user that has the name of a view is left alone, unless that format is asked for', async () => {
  const out = join(await temporaryFolder(), 'out');
  await preannotate([...RUN, '--out', out, '--format', 'coco']);
  const { mtimeMs } = await stat(join(out, 'coco/instances.json'));
  await writeFile(join(out, 'previews'), 'mine');
  expect((await preannotate(['export', out, '--format', 'coco'])).code).toBe(0);
  expect(await readFile(join(out, 'previews'), 'utf8')).toBe('mine');
  expect((await stat(join(out, 'coco/instances.json'))).mtimeMs).toBe(mtimeMs); // the same content is not written again
});
