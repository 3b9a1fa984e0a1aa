import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  EMOJI,
  imagesOf,
  journalled,
  manyScenes,
  preannotate,
  Running,
  SCENES,
  untilJournalled,
} from '../support/cli.js';
import { expectComplete } from '../support/complete-run.js';
import { canMount, resizeDisk, smallDisk } from '../support/system/disk.js';
import { temporaryFolder } from '../support/temporary.js';

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
