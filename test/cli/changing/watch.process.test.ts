import { appendFile, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunManifest } from '../../../src/run/manifest.js';
import { EMOJI, journalled, preannotate, SCENES, viewsOf } from '../../support/cli.js';
import { photosNamed, type Photos } from '../../support/photos.js';
import { watch } from '../../support/watch.js';

async function emptyFolder(): Promise<Photos> {
  const photos = await photosNamed([]);
  await mkdir(photos.folder);
  return photos;
}

async function errorsOf({ out }: Photos): Promise<string> {
  return await readFile(join(out, 'errors.jsonl'), 'utf8').catch(() => '');
}

const manifestOf = async ({ out }: Photos) => JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as RunManifest;

describe('--watch', () => {
  it('annotates images as they arrive in an empty folder, and ends with 0 and the views of one run', async () => {
    const photos = await emptyFolder();
    const watched = watch(photos);
    await watched.until(() => watched.running.stderr.includes('no images found'));
    await watched.until(() => /Watching .* for images\. Ctrl-C or SIGTERM ends it/.test(watched.running.stderr));
    await photos.put('a.jpg', 'scene-01.jpg');
    await photos.put('sub/b.png', 'scene-21.png');
    await watched.untilAnnotated('a.jpg', 'sub/b.png');
    await photos.put('c.jpg', 'scene-02.jpg');
    await watched.untilAnnotated('a.jpg', 'c.jpg', 'sub/b.png');
    const { code, stdout } = await watched.stop('SIGTERM');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('3 of 3 images') as string });
    expect(await photos.numbers()).toEqual({ 'a.jpg': 1, 'sub/b.png': 2, 'c.jpg': 3 });
    expect(await manifestOf(photos)).toMatchObject({ status: 'done', counts: { found: 3, annotated: 3, failed: 0 } });

    const once = { ...photos, out: `${photos.out}-once` };
    const run = (...flags: string[]) => preannotate(['run', photos.folder, ...EMOJI, '--out', once.out, ...flags]);
    await run('--exclude', 'c.jpg');
    await run();
    expect(await viewsOf(once.out)).toEqual(await viewsOf(photos.out));
  });

  it('waits until a file has stopped growing, and ignores names of unfinished files', async () => {
    const photos = await photosNamed(['a.jpg']);
    const watched = watch(photos, { clockRate: 1 });
    const bytes = await readFile(join(SCENES, 'scene-02.jpg'));
    const pieces = 8;
    const size = Math.ceil(bytes.length / pieces);
    for (const name of ['b.jpg.part', 'b.jpg.crdownload', '.b.jpg.a1B2c3', 'b.tmp', 'b.jpg~'])
      await writeFile(photos.path(name), bytes);
    let longestPauseMs = 0;
    for (let i = 0; i < pieces; i++) {
      const sinceMs = performance.now();
      await appendFile(photos.path('grown.jpg'), bytes.subarray(i * size, (i + 1) * size));
      await new Promise((resolve) => setTimeout(resolve, 400));
      longestPauseMs = Math.max(longestPauseMs, performance.now() - sinceMs);
    }
    const sizesOf = async (name: string) =>
      ((await journalled(photos.out)) as unknown as { image: string; size_bytes: number }[])
        .filter(({ image }) => image === name)
        .map(({ size_bytes }) => size_bytes);
    await watched.until(async () => (await sizesOf('grown.jpg')).at(-1) === bytes.length);
    // On a machine that has stalled, the file had rightly stopped growing for a while.
    if (longestPauseMs < 1_500) expect(await sizesOf('grown.jpg')).toEqual([bytes.length]);
    await rename(photos.path('b.jpg.part'), photos.path('b.jpg'));
    await watched.until(async () => (await sizesOf('b.jpg')).length === 1);
    expect((await watched.stop('SIGTERM')).code).toBe(0);
    expect(await errorsOf(photos)).toBe('');
    const images = new Set((await journalled(photos.out)).map(({ image }) => image));
    expect([...images].sort()).toEqual(['a.jpg', 'b.jpg', 'grown.jpg']);
  });

  it('annotates a changed file again, and a failed one when it changes, not before', async () => {
    const photos = await photosNamed(['a.jpg']);
    await writeFile(photos.path('b.jpg'), 'no image');
    const watched = watch(photos);
    await watched.untilAnnotated('a.jpg');
    await watched.until(async () => (await errorsOf(photos)).includes('b.jpg'));
    await photos.put('a.jpg', 'scene-02.jpg');
    await watched.untilAnnotated('a.jpg', 'a.jpg'); // b.jpg was looked at again meanwhile
    expect((await errorsOf(photos)).trim().split('\n')).toHaveLength(1);
    await photos.put('b.jpg', 'scene-02.jpg');
    await watched.untilAnnotated('a.jpg', 'a.jpg', 'b.jpg');
    const { code, stdout, stderr } = await watched.stop('SIGTERM');
    expect({ code, errors: await errorsOf(photos) }).toEqual({ code: 0, errors: '' });
    expect(stderr.match(/^b\.jpg: .*/gm)).toHaveLength(1); // named as it failed
    const [last] = stderr.match(/^\d+ of .* images\/s, .*/gm)!.slice(-1);
    expect(last).toMatch(/^2 of 2 images \(100 %\), .*, 0 failed$/);
    expect(stdout).toMatch(/^2 of 2 images annotated/);
    expect((await photos.coco()).images).toHaveLength(2);
    expect((await preannotate(['export', photos.out])).stdout).toContain('2 images');
  });

  it('updates the views while it runs, and does not read them back where the output is in the folder', async () => {
    const photos = await photosNamed(['a.jpg']);
    const inside = { ...photos, out: photos.path('drafts') };
    const flags = ['--images', 'copy', '--preview'];
    const watched = watch(inside, { clockRate: 20, flags });
    const hasView = (name: string) => async () =>
      (await readFile(join(inside.out, 'coco/instances.json'), 'utf8').catch(() => '')).includes(name);
    await watched.until(hasView('a.jpg'));
    await photos.put('b.jpg', 'scene-02.jpg');
    await watched.until(hasView('b.jpg')); // at least a minute later
    await watched.until(async () => (await manifestOf(inside)).counts.annotated === 2);
    expect(await manifestOf(inside)).toMatchObject({ status: 'running', counts: { annotated: 2 } });
    const { code } = await watched.stop('SIGINT');
    expect(code).toBe(130);
    expect((await journalled(inside.out)).map(({ image }) => image)).toEqual(['a.jpg', 'b.jpg']);
    expect((await manifestOf(inside)).status).toBe('done');
  });

  it('goes on when the folder is gone for a while, and leaves no image out because of that', async () => {
    const photos = await photosNamed(['a.jpg', 'b.jpg']);
    const watched = watch(photos);
    await watched.untilAnnotated('a.jpg', 'b.jpg');
    await rename(photos.folder, `${photos.folder}-away`);
    await watched.until(() => watched.running.stderr.includes('There is no file or folder'));
    await rename(`${photos.folder}-away`, photos.folder);
    await photos.put('c.jpg', 'scene-02.jpg');
    await watched.untilAnnotated('a.jpg', 'b.jpg', 'c.jpg');
    await rm(photos.path('a.jpg')); // a third of all
    await watched.until(() => watched.running.stderr.includes('more than 10 % of all'));
    expect((await watched.stop('SIGTERM')).code).toBe(0);
    expect((await photos.coco()).images).toHaveLength(3);
    expect((await photos.run('--accept-missing')).code).toBe(0);
    expect((await photos.coco()).images).toHaveLength(2);
  });

  it('leaves out a deleted image with --accept-missing, and takes it back', async () => {
    const photos = await photosNamed(['a.jpg', 'b.jpg']);
    await photos.run();
    await rename(photos.path('a.jpg'), `${photos.folder}.jpg`);
    await photos.run('--accept-missing');
    const watched = watch(photos, { flags: ['--accept-missing'], clockRate: 20 });
    await rename(`${photos.folder}.jpg`, photos.path('a.jpg'));
    const namesNow = async () => Object.keys(await photos.numbers()).join(' ');
    await watched.until(async () => (await namesNow()) === 'a.jpg b.jpg');
    await rm(photos.path('b.jpg'));
    await watched.until(async () => (await namesNow()) === 'a.jpg');
    expect((await watched.stop('SIGTERM')).code).toBe(0);
    expect((await journalled(photos.out)).map(({ image }) => image)).toEqual(['a.jpg', 'b.jpg']);
  });

  it('is killed and started again: every image has one line, and its number', async () => {
    const photos = await photosNamed(['b.jpg']);
    const first = watch(photos);
    await first.untilAnnotated('b.jpg');
    await copyFile(join(SCENES, 'scene-02.jpg'), photos.path('a.jpg'));
    await first.untilAnnotated('a.jpg', 'b.jpg');
    await first.stop('SIGKILL');
    await photos.put('c.jpg', 'scene-01.jpg');
    const second = watch(photos);
    await second.untilAnnotated('a.jpg', 'b.jpg', 'c.jpg');
    const { code, stdout } = await second.stop('SIGTERM');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('3 of 3 images') as string });
    expect(await photos.numbers()).toEqual({ 'b.jpg': 1, 'a.jpg': 2, 'c.jpg': 3 });
  });

  it('refuses a folder that does not exist, and options that choose among the images that are there', async () => {
    const photos = await photosNamed([]);
    const args = ['run', photos.folder, ...EMOJI, '--out', photos.out, '--watch'];
    const missing = await preannotate(args);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no file or folder') as string });
    for (const flag of ['--limit=3', '--sample=3', '--retry-failed'])
      expect((await preannotate([...args, flag])).stderr).toContain('--watch annotates all images that arrive');
  });
});
