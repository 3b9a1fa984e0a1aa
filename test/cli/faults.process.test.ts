import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EMOJI,
  imagesOf,
  journalled,
  manyScenes,
  preannotate,
  Running,
  SCENES,
  untilJournalled,
  viewsOf,
} from '../support/cli.js';
import { expectComplete } from '../support/complete-run.js';
import { withComment } from '../support/other-bytes.js';
import { ROOT } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';

const withFault = (name: string) => ({
  env: { NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, 'test/faults', name)).href}` },
});
const isLinux = process.platform === 'linux';

/** What a run over copies of the shipped scenes needs, two workers a device. */
async function manyImages(folder: string) {
  const images = join(folder, 'images');
  const total = await manyScenes(images, 4);
  const args = (out: string, ...more: string[]) => {
    const always = ['--out', join(folder, out), '--workers-per-device', '2'];
    return ['run', images, ...EMOJI, ...always, ...more];
  };
  return { folder, total, args };
}

/** As Linux lists it; one that is dead and only not yet waited for does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // gone altogether
  }
}

/** Kills a run when its journal has so many images. */
async function killedAt(args: readonly string[], out: string, count: number): Promise<void> {
  const running = new Running(args);
  const finished = running.finished();
  await untilJournalled(out, count);
  running.child.kill('SIGKILL');
  await finished;
}

describe('a run that is hit', () => {
  let run: Awaited<ReturnType<typeof manyImages>>;
  let expected: Record<string, string>; // every test that interrupts it must end with the same views
  beforeAll(async () => {
    run = await manyImages(await mkdtemp(join(tmpdir(), 'preannotate-faults-')));
    expect((await preannotate(run.args('reference'))).code).toBe(0);
    expected = await viewsOf(join(run.folder, 'reference'));
  });
  afterAll(() => rm(run.folder, { recursive: true }));

  it.skipIf(!isLinux)('by kill -9 of its workers goes on with new ones and loses nothing (needs /proc)', async () => {
    const out = join(run.folder, 'workers-killed');
    const running = new Running(run.args('workers-killed'));
    const finished = running.finished();
    await untilJournalled(out, 15);
    process.kill((await running.workers())[0]!, 'SIGKILL'); // one
    await untilJournalled(out, 40);
    for (const pid of await running.workers()) process.kill(pid, 'SIGKILL'); // all at once
    const { code, stderr } = await finished;
    expect(stderr).toMatch(/worker died \(signal SIGKILL\)/);
    expect(code).toBe(0);
    await expectComplete(out, run.total);
    expect(await viewsOf(out)).toEqual(expected);
  });

  it('by kill -9 itself, again and again, leaves a journal that the same command goes on from', async () => {
    const out = join(run.folder, 'killed');
    for (const count of [1, 10, 30, 50, 70]) {
      const running = new Running(run.args('killed'));
      const finished = running.finished();
      await untilJournalled(out, count);
      const workers = isLinux ? await running.workers() : [];
      running.child.kill('SIGKILL');
      expect((await finished).signal).toBe('SIGKILL');
      const left = () => workers.filter(isRunning);
      await expect.poll(left, { timeout: 10_000, message: 'workers go when their parent is gone' }).toEqual([]);
    }
    const before = new Set((await journalled(out)).map(({ image }) => image));
    expect(before.size).toBeLessThan(run.total);
    const { code } = await preannotate(run.args('killed'));
    expect(code).toBe(0);
    await expectComplete(out, run.total);
    const manifest = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { counts: { resumed: number } };
    expect(manifest.counts.resumed).toBe(before.size);
    expect(await viewsOf(out)).toEqual(expected);
  });

  it('by kill -9 can be exported from its journal alone, reports the extent, and keeps its numbers', async () => {
    const out = join(run.folder, 'exported');
    await killedAt(run.args('exported'), out, 20);
    for (const name of ['run.json', '.preannotate/images.jsonl']) await rm(join(out, name));
    const images = (await journalled(out)).length;
    const extent = `${images} of ${run.total} images: the run was stopped`;

    const { code, stdout, stderr } = await preannotate(['export', out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^${extent}\\. \\d+ boxes in coco and yolo with score threshold \\S+, written to `),
    );
    expect(stdout.endsWith(` written to ${out}\n`)).toBe(true);
    expect(stderr).toContain('The same `preannotate run` continues the run.');
    const whole = imagesOf(expected['/coco/instances.json']!);
    const exported = imagesOf(await readFile(join(out, 'coco/instances.json'), 'utf8'));
    expect(exported).toHaveLength(images);
    expect(whole).toEqual(expect.arrayContaining(exported));
    const json = await preannotate(['export', out, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ images, found: run.total, failed: 0, status: 'interrupted' });

    expect((await preannotate(run.args('exported'))).code).toBe(0);
    expect(await viewsOf(out)).toEqual(expected);
  });

  it('by kill -9 is resumed when annotated images have disappeared; the others have their numbers', async () => {
    const { folder, total, args } = await manyImages(await temporaryFolder());
    const out = join(folder, 'out');
    await killedAt(args('out'), out, 20);
    const gone = (await journalled(out)).map(({ image }) => image).sort();
    for (const image of gone) await rm(join(folder, 'images', image)); // all that it had annotated
    const { code, stderr } = await preannotate(args('out', '--accept-missing'));
    expect(code).toBe(0);
    expect(stderr).toContain(`${gone.length} annotated images are no longer found`);
    expect(stderr).toContain(`: ${gone.slice(0, 10).join(', ')} and`);
    await expectComplete(out, total); // the journal
    const whole = imagesOf(expected['/coco/instances.json']!);
    const left = imagesOf(await readFile(join(out, 'coco/instances.json'), 'utf8'));
    expect(left).toHaveLength(total - gone.length);
    expect(whole).toEqual(expect.arrayContaining(left));
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s stops within seconds, exits %i, and can be resumed', async (signal, exitCode) => {
    const out = join(run.folder, signal);
    const running = new Running(run.args(signal));
    const finished = running.finished();
    await untilJournalled(out, 30);
    const asked = Date.now();
    running.child.kill(signal);
    const { code, stderr } = await finished;
    expect(Date.now() - asked).toBeLessThan(10_000);
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(/the same command continues from there/);
    const { length } = await journalled(out);
    expect(length).toBeLessThan(run.total);
    const exported = await preannotate(['export', out]);
    expect(exported.stdout).toContain(`${length} of ${run.total} images: the run was stopped`);
    expect((await preannotate(run.args(signal))).code).toBe(0);
    await expectComplete(out, run.total);
    expect(await viewsOf(out)).toEqual(expected);
  });

  it('by an image that crashes the native library twice fails that image alone', async () => {
    const { folder, total, args } = await manyImages(await temporaryFolder());
    const out = join(folder, 'out');
    await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'images/copy-1/poison.jpg'));
    const { code, stderr } = await preannotate(args('out', '--max-batch-size', '4'), withFault('poison.mjs'));
    expect(code).toBe(3);
    const errors = (await readFile(join(out, 'errors.jsonl'), 'utf8')).trim().split('\n');
    expect(errors).toHaveLength(1);
    expect(JSON.parse(errors[0]!)).toMatchObject({ image: 'copy-1/poison.jpg', code: 'WORKER_CRASHED' });
    await expectComplete(out, total);
    expect(stderr.match(/worker died/g)!.length).toBeLessThanOrEqual(4); // log2(batch) + 2
  });

  it('by an image whose reading never ends gives that image up, and goes on with a new worker', async () => {
    const { folder, total, args } = await manyImages(await temporaryFolder());
    const out = join(folder, 'out');
    await copyFile(join(SCENES, 'scene-01.jpg'), join(folder, 'images/copy-0/hang.jpg'));
    const { code } = await preannotate(args('out'), withFault('hang.mjs'));
    expect(code).toBe(3);
    const errors = (await readFile(join(out, 'errors.jsonl'), 'utf8')).trim().split('\n');
    expect(errors.map((line) => JSON.parse(line) as object)).toMatchObject([
      {
        image: 'copy-0/hang.jpg',
        code: 'IMAGE_TIMEOUT',
        message: expect.stringContaining('longer than 30 s') as string,
      },
    ]);
    await expectComplete(out, total);
  });

  it('by two such images side by side fails those two alone', async () => {
    const { folder, total, args } = await manyImages(await temporaryFolder());
    const out = join(folder, 'out');
    for (const [i, name] of ['scene-10-poison.jpg', 'scene-11-poison.jpg'].entries()) {
      // Of sizes that no other image has: only workers open them.
      const bytes = withComment(await readFile(join(SCENES, 'scene-01.jpg')), 'comment '.repeat(i + 5));
      await writeFile(join(folder, 'images/copy-1', name), bytes);
    }
    const { code } = await preannotate(args('out', '--max-batch-size', '2'), withFault('poison.mjs'));
    expect(code).toBe(3);
    const errors = (await readFile(join(out, 'errors.jsonl'), 'utf8')).trim().split('\n');
    expect(errors.map((line) => (JSON.parse(line) as { image: string }).image).sort()).toEqual([
      'copy-1/scene-10-poison.jpg',
      'copy-1/scene-11-poison.jpg',
    ]);
    await expectComplete(out, total);
  });

  it('by workers that never start ends with 1 and names device and signal', async () => {
    const out = join(await temporaryFolder(), 'out');
    const args = ['run', SCENES, ...EMOJI, '--out', out, '--workers-per-device', '1'];
    const { code, stderr } = await preannotate(args, withFault('no-start.mjs'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/cpu worker died 5 times in a row.*SIGKILL/);
  });
});
