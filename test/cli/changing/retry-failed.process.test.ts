import { existsSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, Running, viewsOf } from '../../support/cli.js';
import { photosNamed, type Photos } from '../../support/photos.js';
import { AS_ORDINARY_USER } from '../../support/system/ordinary-user.js';

const DAMAGED = ['b.jpg', 'd.jpg', 'f.jpg'];

/** Six photos, three of which are damaged, after a run. */
async function photosWithFailures(): Promise<Photos> {
  const photos = await photosNamed(['a.jpg', 'c.jpg', 'e.jpg']);
  for (const name of DAMAGED) await writeFile(photos.path(name), 'no image');
  expect((await photos.run()).code).toBe(3);
  return photos;
}

async function errorsOf({ out }: Photos): Promise<string[]> {
  const text = await readFile(join(out, 'errors.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { image: string }).image);
}

const annotatedIn = async ({ out }: Photos) => (await journalled(out)).map(({ image }) => image).sort();

describe('--retry-failed', () => {
  it('annotates what failed and can be read now; new images are left to a run without it', async () => {
    const photos = await photosWithFailures();
    await photos.put('b.jpg', 'scene-02.jpg');
    await photos.put('new.jpg', 'scene-02.jpg');
    await rm(photos.path('d.jpg'));
    const { code, stderr, stdout } = await photos.run('--retry-failed');
    expect(code).toBe(3);
    expect(stderr).toContain('3 images and folders failed in the last run; 2 images are tried again.');
    expect(stdout).toContain('4 of 6 images annotated');
    expect(stdout).toContain('1 failed, 3 in the run before:');
    expect(await errorsOf(photos)).toEqual(['f.jpg']);
    expect(await annotatedIn(photos)).toEqual(['a.jpg', 'b.jpg', 'c.jpg', 'e.jpg']);
    expect((await photos.coco()).images.map(({ file_name: name }) => name)).toEqual(await annotatedIn(photos));

    await photos.put('f.jpg', 'scene-02.jpg');
    expect(await photos.run('--retry-failed')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('None failed') as string,
    });
    expect(await errorsOf(photos)).toEqual([]);
    const views = await viewsOf(photos.out);
    const again = await photos.run('--retry-failed');
    expect(again).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Nothing failed in the last run') as string,
    });
    expect(await viewsOf(photos.out)).toEqual(views);
    expect((await photos.run()).stdout).toContain('6 of 6 images');
  });

  it('is refused where there is no earlier run', async () => {
    const photos = await photosNamed(['a.jpg']);
    const { code, stderr } = await photos.run('--retry-failed');
    expect(code).toBe(2);
    expect(stderr).toContain(`there is no earlier run in ${photos.out}.`);
    expect(existsSync(join(photos.out, 'detections.jsonl'))).toBe(false);
  });

  it('writes views where there is no errors.jsonl', async () => {
    const photos = await photosNamed(['a.jpg']);
    await photos.run();
    const views = await viewsOf(photos.out);
    await rm(join(photos.out, 'errors.jsonl'));
    await rm(join(photos.out, 'yolo'), { recursive: true });
    expect((await photos.run('--retry-failed')).code).toBe(0);
    expect(await viewsOf(photos.out)).toEqual(views);
  });

  it('annotates an image again that had changed and failed', async () => {
    const photos = await photosNamed(['a.jpg', 'b.jpg']);
    await photos.run();
    await writeFile(photos.path('a.jpg'), 'no image');
    expect((await photos.run()).code).toBe(3);
    await photos.put('a.jpg', 'scene-02.jpg');
    expect((await photos.run('--retry-failed')).code).toBe(0);
    expect(await annotatedIn(photos)).toEqual(['a.jpg', 'a.jpg', 'b.jpg']);
    expect((await photos.coco()).images).toHaveLength(2);
  });

  it('that is killed leaves what it has not come to in errors.jsonl, for the same command', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `${String(i).padStart(2, '0')}.jpg`);
    const photos = await photosNamed(['a.jpg']);
    for (const name of names) await writeFile(photos.path(name), 'no image');
    await photos.run('--max-errors', '100%');
    for (const name of names.slice(1)) await photos.put(name, 'scene-01.jpg');
    const slow = { NODE_OPTIONS: `--import ${join(import.meta.dirname, '../../faults/slow.mjs')}`, SLOW_MS: '150' };
    const flags = ['--retry-failed', '--max-batch-size', '1', '--workers-per-device', '1'];
    const running = new Running(['run', photos.folder, ...EMOJI, '--out', photos.out, ...flags], { env: slow });
    while ((await annotatedIn(photos)).length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    running.child.kill('SIGKILL');
    await running.finished();
    const done = await annotatedIn(photos);
    expect(new Set([...(await errorsOf(photos)), ...done])).toEqual(new Set([...names, 'a.jpg']));
    await photos.run('--retry-failed');
    expect(await annotatedIn(photos)).toEqual([...names.slice(1), 'a.jpg']);
    expect(await errorsOf(photos)).toEqual(['00.jpg']);
  });

  it('annotates the images of a folder that could not be listed', async () => {
    const photos = await photosNamed(['a.jpg', 'closed/b.jpg', 'closed/c.jpg']);
    await chmod(photos.path('closed'), 0o000);
    await chmod(join(photos.folder, '..'), 0o777);
    const run = (...flags: string[]) =>
      preannotate(['run', photos.folder, ...EMOJI, '--out', photos.out, ...flags], { prefix: AS_ORDINARY_USER });
    expect((await run()).code).toBe(3);
    expect(await errorsOf(photos)).toEqual(['closed']);
    expect((await run('--retry-failed')).code).toBe(3);
    expect(await errorsOf(photos)).toEqual(['closed']);
    await chmod(photos.path('closed'), 0o755);
    await photos.put('new.jpg', 'scene-01.jpg');
    expect((await run('--retry-failed')).code).toBe(0);
    expect(await annotatedIn(photos)).toEqual(['a.jpg', 'closed/b.jpg', 'closed/c.jpg']);
    expect(await errorsOf(photos)).toEqual([]);
  });
});
