import { copyFile, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FIXTURES } from '../../support/model/golden.js';
import { EMOJI, journalled, preannotate, Running, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const SMALL = join(FIXTURES, 'damaged/good-1.jpg');
const TINY = ['--model', join(FIXTURES, 'models/owlvit-tiny'), '--class', 'cup', '--format', 'coco'];

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;

async function errorsOf(out: string): Promise<number> {
  return (await readFile(join(out, 'errors.jsonl'), 'utf8')).split('\n').length - 1;
}

/** A folder of so many images. */
async function makeImages(folder: string, count: number, make: (path: string, i: number) => Promise<void>) {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) await make(join(folder, `${String(i).padStart(4, '0')}.jpg`), i);
}

describe('a run whose images disappear, as with a mount that breaks', () => {
  it('stops, keeps what was annotated and writes its views; the same command continues', async () => {
    const root = await temporaryFolder();
    const [disk, mount, out] = [join(root, 'disk'), join(root, 'mount'), join(root, 'out')];
    const count = 700;
    await makeImages(disk, count, (path) => copyFile(SMALL, path));
    await symlink(disk, mount);
    const running = new Running(['run', mount, ...TINY, '--out', out, '--max-batch-size', '4']);
    while ((await journalled(out).catch(() => [])).length < 20) await sleep(10);
    await rename(disk, `${disk}-gone`);
    const { code, stderr } = await running.finished();
    const done = (await journalled(out)).length;
    expect(code).toBe(3);
    expect(stderr).toMatch(/The run was stopped: \d+ images in a row could not be read\. The first: .*\.jpg/);
    expect(stderr).toMatch(/network share.*run the same command again/s);
    expect(done).toBeLessThan(count - 200);
    expect(await errorsOf(out)).toBeLessThan(count - done);
    expect(await readJson(join(out, 'run.json'))).toMatchObject({ status: 'interrupted', counts: { annotated: done } });
    const coco = await readJson(join(out, 'coco/instances.json'));
    expect(coco['images']).toHaveLength(done);

    await rename(`${disk}-gone`, disk);
    const again = await preannotate(['run', mount, ...TINY, '--out', out]);
    expect(again.code).toBe(0);
    expect(await journalled(out)).toHaveLength(count);
    expect(await errorsOf(out)).toBe(0);
  });

  it('stops when they are gone from the start, and leaves views of earlier runs as they are', async () => {
    const root = await temporaryFolder();
    const [images, out] = [join(root, 'images'), join(root, 'out')];
    await makeImages(images, 1, () => copyFile(join(SCENES, 'scene-02.jpg'), join(images, 'a.jpg')));
    expect((await preannotate(['run', images, ...EMOJI, '--out', out])).code).toBe(0);
    const before = await readFile(join(out, 'coco/instances.json'), 'utf8');
    await makeImages(images, 900, (path) => symlink(join(root, 'nowhere.jpg'), path));
    const [file, step] = [join(root, 'summary.md'), join(root, 'step.md')];
    const { code, stderr } = await preannotate(
      ['run', images, ...EMOJI, '--out', out, '--max-errors', '50%', '--summary', file],
      { env: { GITHUB_STEP_SUMMARY: step } },
    );
    expect(code).toBe(3);
    expect(stderr).toContain('images in a row could not be read. The first: ');
    const summary = await readFile(file, 'utf8');
    expect(summary).toContain('images in a row could not be read. The first: ');
    expect(summary).toMatch(/\n1 image, 1 with boxes/);
    expect(summary).toContain(`| IMAGE\\_UNREADABLE | ${await errorsOf(out)} |`);
    expect(await readFile(step, 'utf8')).toBe(`${summary}\n`);
    expect(stderr).toContain('0000.jpg');
    expect(await errorsOf(out)).toBeLessThan(400);
    expect(await readFile(join(out, 'coco/instances.json'), 'utf8')).toBe(before);
  });
});

describe('a folder of damaged images', () => {
  const damaged = (path: string, i: number) => writeFile(path, i % 2 === 0 ? 'a text' : Buffer.alloc(50));

  it('is finished when it has fewer than 200', async () => {
    const root = await temporaryFolder();
    await makeImages(join(root, 'images'), 199, (path) => damaged(path, 0));
    const { code, stderr } = await preannotate(['run', join(root, 'images'), ...TINY, '--out', join(root, 'out')]);
    expect(code).toBe(3);
    expect(stderr).not.toContain('stopped');
    expect(await errorsOf(join(root, 'out'))).toBe(199);
    expect(await readJson(join(root, 'out/run.json'))).toMatchObject({ status: 'done', counts: { failed: 199 } });
  });

  it('is finished within --max-errors, and stopped beyond it', async () => {
    const root = await temporaryFolder();
    const images = join(root, 'images');
    await makeImages(images, 1200, damaged);
    const run = (out: string, budget: string) =>
      preannotate(['run', images, ...TINY, '--out', join(root, out), '--max-errors', budget]);
    expect((await run('all', '100%')).code).toBe(0);
    expect(await errorsOf(join(root, 'all'))).toBe(1200);
    const { code, stderr } = await run('some', '1%');
    expect(code).toBe(3);
    expect(stderr).toContain('The run was stopped: 13 images failed, more than --max-errors 1% allows. The first: ');
    expect(await errorsOf(join(root, 'some'))).toBeLessThan(600);
  });
});
