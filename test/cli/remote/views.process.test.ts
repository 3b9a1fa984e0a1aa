import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { sendImage, startImageServer } from '../../support/servers/image-server.js';
import { temporaryFolder } from '../../support/temporary.js';
import { imagesOf } from './outputs.js';

const NAMES = ['scene-01.jpg', 'scene-02.jpg', 'scene-10.png'];

it('the images of a list are downloaded beside the labels, and only as they were annotated', async () => {
  using server = await startImageServer();
  const folder = await temporaryFolder();
  const out = join(folder, 'out');
  const file = join(folder, 'urls.txt');
  await writeFile(file, [...NAMES, 'scene-03.jpg?token=secret'].map((name) => `${server.origin}/${name}\n`).join(''));
  const run = ['run', `@${file}`, '--allow-private', ...EMOJI, '-o', out];
  const exported = ['export', out, '--allow-private'];
  const linked = await preannotate([...run, '--images', 'symlink']);
  expect(linked).toMatchObject({ code: 2, stderr: expect.stringContaining('Use --images copy') as string });
  expect((await preannotate(run)).code).toBe(0);
  expect(await readdir(join(out, 'yolo'))).not.toContain('images');

  const refused = await preannotate(['export', out, '--images', 'copy', '--preview', '1']);
  expect(refused.code).toBe(3);
  const advice = 'which needs --allow-private; give it again: a run does not store it';
  expect(refused.stderr.split('\n').filter((line) => line.includes(advice))).toHaveLength(2); // copies, and previews
  const first = await preannotate([...exported, '--images', 'copy', '--preview', '1']);
  expect(first.code).toBe(0);
  const images = join(out, 'yolo/images/train', server.host);
  expect((await readdir(images)).sort()).toEqual(NAMES);
  for (const name of NAMES) expect(await readFile(join(images, name))).toEqual(await readFile(join(SCENES, name)));
  expect(first.stderr).toContain('yolo: 1 image not downloaded, because addresses with a query');
  expect(await readdir(join(out, 'previews', server.host))).toEqual(['scene-01.jpg']);

  const host = `${server.origin}/`;
  const urls = (await imagesOf(out)).map(({ coco_url: url }) => url);
  expect(urls).toEqual([`${host}scene-01.jpg`, `${host}scene-02.jpg`, undefined, `${host}scene-10.png`]);

  server.requests.clear();
  const second = await preannotate([...run, '--images', 'copy', '--format', 'yolo,label-studio']);
  expect(second.stderr).not.toContain('not downloaded');
  const tasks = await readFile(join(out, 'label-studio/tasks.json'), 'utf8');
  expect(tasks).toContain(`"${server.origin}/scene-01.jpg"`);
  expect(tasks).not.toContain('secret');
  expect(await readdir(images)).toHaveLength(4);
  expect([...server.requests]).toEqual([
    ['/scene-03.jpg', 1],
    ['/scene-01.jpg', 1], // for its preview
  ]);

  const other = await readFile(join(SCENES, 'scene-04.jpg'));
  server.faults = {
    '/scene-02.jpg': (_, response) => {
      sendImage(response, other);
      return true;
    },
    '/scene-10.png': (_, response) => {
      response.writeHead(404).end();
      return true;
    },
  };
  await rm(join(out, 'yolo'), { recursive: true });
  const third = await preannotate([...exported, '--images', 'copy', '--format', 'yolo', '--json']);
  expect(third.code).toBe(3);
  expect(JSON.parse(third.stdout)).toMatchObject({ missing_copies: 2 });
  expect(third.stderr).toContain(`changed since annotation and not downloaded`);
  expect(third.stderr).toContain(`could not be downloaded`);
  expect(await readdir(images)).toEqual(['scene-01.jpg']);
  expect(third.stderr + third.stdout).not.toContain('secret');
  const fourth = await preannotate([...run, '--images', 'copy', '--json']);
  expect(fourth.code).toBe(3);
  expect(JSON.parse(fourth.stdout)).toMatchObject({ counts: { failed: 0, missing_copies: 2 } });
});

it('labels and copies of hostile keys stay in their view', async () => {
  using server = await startImageServer({
    '/%252e%252e/x%2f..%2f..%2fscene-01.jpg': (_, response) => {
      void readFile(join(SCENES, 'scene-01.jpg')).then((bytes) => sendImage(response, bytes));
      return true;
    },
  });
  const folder = await temporaryFolder();
  const out = join(folder, 'a/b/c/out');
  await mkdir(join(folder, 'a/b/c'), { recursive: true });
  const url = `${server.origin}/%252e%252e/x%2f..%2f..%2fscene-01.jpg`;
  const { code } = await preannotate([
    'run',
    url,
    '--allow-private',
    ...EMOJI,
    '-o',
    out,
    '--images',
    'copy',
    '--preview',
  ]);
  expect(code).toBe(0);
  const all = await readdir(folder, { recursive: true });
  const written = all.filter((name) => name.includes('scene-01'));
  const name = `${server.host}/%252e%252e/x%2F..%2F..%2Fscene-01`;
  expect(written.sort()).toEqual(
    [
      `a/b/c/out/previews/${name}.jpg`,
      `a/b/c/out/yolo/images/train/${name}.jpg`,
      `a/b/c/out/yolo/labels/train/${name}.txt`,
      `a/b/c/out/yolo/labels_conf/train/${name}.txt`,
    ].sort(),
  );
});
