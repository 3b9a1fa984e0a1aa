import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EMOJI,
  journalled,
  manyScenes,
  preannotate,
  Running,
  SCENES,
  untilJournalled,
  viewsOf,
} from '../support/cli.js';
import { withComment } from '../support/other-bytes.js';
import { canMount, resizeDisk, smallDisk } from '../support/system/disk.js';
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

const imagesOf = (coco: string) => (JSON.parse(coco) as { images: object[] }).images;

async function expectComplete(out: string, total: number): Promise<void> {
  const names = (await journalled(out)).map(({ image }) => image);
  expect(names).toHaveLength(total);
  expect(new Set(names).size).toBe(total);
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

describe('an output folder', () => {
  it('that another run writes into is refused', async () => {
    const args = ['run', SCENES, ...EMOJI, '--out', join(await temporaryFolder(), 'out')];
    const first = new Running(args);
    const finished = first.finished();
    await untilJournalled(args.at(-1)!, 1);
    first.child.kill('SIGSTOP'); // it cannot be done before the second one looks
    const second = await preannotate(args);
    first.child.kill('SIGCONT');
    expect(second.code).toBe(2);
    expect(second.stderr).toMatch(new RegExp(`process ${first.child.pid!} on `));
    expect((await finished).code).toBe(0);
  });

  it('of another job is refused with the first difference; --restart keeps journal and image numbers', async () => {
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    await mkdir(images);
    for (const name of ['scene-01.jpg', 'scene-02.jpg']) await copyFile(join(SCENES, name), join(images, name));
    const run = (...more: string[]) =>
      preannotate(['run', images, '--model', 'builtin:emoji', '--out', join(folder, 'out'), ...more]);
    const readOutput = (name: string) => readFile(join(folder, 'out', name), 'utf8');
    expect((await run('--class', 'bottle=a bottle')).code).toBe(0);

    const otherPrompt = await run('--class', 'bottle=a bottle,wine bottle');
    expect(otherPrompt).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/prompts of class "bottle" was/) as string,
    });
    const otherNumber = await run('--class', 'cup', '--class', 'bottle=a bottle', '--restart');
    expect(otherNumber).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/renumber.*"bottle" had id 1, now 2/) as string,
    });
    const otherSize = await run('--class', 'bottle=a bottle', '--image-size', '160');
    expect(otherSize).toMatchObject({ code: 2, stderr: expect.stringMatching(/image_size was "native"/) as string });
    const [discarded, list] = await Promise.all(['detections.jsonl', '.preannotate/images.jsonl'].map(readOutput));
    await rm(join(images, 'scene-01.jpg')); // its number is not given to another image
    await copyFile(join(SCENES, 'scene-03.jpg'), join(images, 'scene-00.jpg'));
    expect((await run('--class', 'bottle=a bottle', '--image-size', '160', '--restart')).code).toBe(0);
    expect((await journalled(join(folder, 'out'))).length).toBe(2);
    const [kept, ...others] = await readdir(join(folder, 'out/.preannotate/journals'));
    expect(others).toEqual([]);
    expect(await readOutput(`.preannotate/journals/${kept!}`)).toEqual(discarded);
    const [head, ...numbers] = list!.split('\n');
    expect((await readOutput('.preannotate/images.jsonl')).split('\n')).toEqual(expect.arrayContaining(numbers));
    expect(head).toContain('"images":2');
    expect(imagesOf(await readOutput('coco/instances.json'))).toMatchObject([{ id: 3 }, { id: 2 }]);

    const journal = await readFile(join(folder, 'out/detections.jsonl'));
    const unusable = await run('--class', `bottle=${'very '.repeat(20)}old bottle`, '--restart');
    expect(unusable.code).toBe(2);
    expect(await readFile(join(folder, 'out/detections.jsonl'))).toEqual(journal); // nothing was thrown away
  });

  it('that holds another data set is left alone, and refused before any work is done', async () => {
    const folder = await temporaryFolder();
    for (const mine of ['coco', 'yolo', 'previews']) {
      const out = join(folder, mine);
      await mkdir(join(out, mine), { recursive: true });
      await writeFile(join(out, mine, 'instances.json'), '{"mine": true}');
      const { code, stderr } = await preannotate([
        'run',
        join(SCENES, 'scene-01.jpg'),
        ...EMOJI,
        '--out',
        out,
        '--preview',
      ]);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(join(out, mine)) as string });
      expect(stderr).not.toMatch(/worker/);
      expect(await readFile(join(out, mine, 'instances.json'), 'utf8')).toBe('{"mine": true}');
    }
  });

  it('in which nothing was annotated yet binds to nothing', async () => {
    const folder = await temporaryFolder();
    const run = (...more: string[]) =>
      preannotate([
        'run',
        join(SCENES, 'scene-01.jpg'),
        '--model',
        'builtin:emoji',
        '--out',
        join(folder, 'out'),
        ...more,
      ]);
    expect((await run('--class', `cup=${'very '.repeat(20)}old cup`)).code).toBe(2);
    expect(await run('--class', 'dog', '--class', 'cup')).toMatchObject({ code: 0 });
  });

  it('takes in images that come later, and gives them the next numbers', async () => {
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    await mkdir(images);
    await copyFile(join(SCENES, 'scene-02.jpg'), join(images, 'b.jpg'));
    const args = ['run', images, ...EMOJI, '--out', join(folder, 'out')];
    await preannotate(args);
    await copyFile(join(SCENES, 'scene-01.jpg'), join(images, 'a.jpg'));
    expect((await preannotate(args)).code).toBe(0);
    const coco = JSON.parse(await readFile(join(folder, 'out/coco/instances.json'), 'utf8')) as { images: object[] };
    expect(coco.images).toMatchObject([
      { id: 2, file_name: 'a.jpg' },
      { id: 1, file_name: 'b.jpg' },
    ]);
  });

  it('with a journal damaged in the middle is refused with the line, one cut short is repaired', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'out');
    const args = ['run', SCENES, '--include', 'scene-0*', ...EMOJI, '--out', out];
    await preannotate(args);
    const path = join(out, 'detections.jsonl');
    const whole = await readFile(path);
    await truncate(path, whole.length - 40);
    const repaired = await preannotate(args);
    expect(repaired).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/ended in the middle of a line/) as string,
    });
    await expectComplete(out, 9);
    const damaged = Buffer.from(whole);
    damaged[Math.floor(whole.length / 2)]! ^= 1;
    await writeFile(path, damaged);
    const refused = await preannotate(args);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/detections\.jsonl:\d+: .*--restart/s) as string,
    });
    expect((await readFile(path)).equals(damaged)).toBe(true);
  });

  it('that is a file is refused before anything is done', async () => {
    const out = join(await temporaryFolder(), 'out');
    await writeFile(out, 'mine');
    const { code, stderr } = await preannotate(['run', SCENES, ...EMOJI, '--out', out]);
    expect(code).toBe(2);
    expect(stderr).toContain(out);
    expect(await readFile(out, 'utf8')).toBe('mine');
  });

  it.skipIf(!canMount)(
    'on a full disk makes a run end with 1 and one message, and can be resumed (needs the right to mount)',
    async () => {
      const folder = await temporaryFolder();
      const disk = await smallDisk('256k');
      const images = join(folder, 'images');
      const total = await manyScenes(images, 4);
      const args = ['run', images, ...EMOJI, '--out', join(disk, 'out')];
      const full = await preannotate(args);
      expect(full.code).toBe(1);
      expect(full.stderr.match(/the disk is full/g)).toHaveLength(1);
      resizeDisk(disk, '64m');
      expect((await preannotate(args)).code).toBe(0);
      await expectComplete(join(disk, 'out'), total);
    },
  );
});
