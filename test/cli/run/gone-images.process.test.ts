import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, viewsOf } from '../../support/cli.js';
import { AS_ORDINARY_USER } from '../../support/system/ordinary-user.js';
import { photosNamed, type Photos } from '../../support/photos.js';

/** Eleven: one of them is less than a tenth. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'sub/j', 'sub/k'].map((name) => `${name}.jpg`);
const LEFT = /1 annotated image is no longer found \(deleted, renamed or excluded\) and leaves the annotation files/;

/** The files of a view for these images. */
async function labels({ out }: Photos): Promise<string[]> {
  const entries = await readdir(join(out, 'yolo/labels/train'), { recursive: true });
  return entries.filter((name) => name.endsWith('.txt')).sort();
}

/** Links that lead nowhere. */
async function danglingLinks({ out }: Photos): Promise<string[]> {
  const folder = join(out, 'yolo/images/train');
  const dangling: string[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    if (!(await lstat(join(folder, name))).isSymbolicLink()) continue;
    await stat(join(folder, name)).catch(() => dangling.push(name));
  }
  return dangling;
}

async function countsOf({ out }: Photos): Promise<Record<string, number>> {
  return (JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { counts: Record<string, number> }).counts;
}

describe('an annotated image that is gone', () => {
  it('leaves the views, is named, and comes back with its number and result', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    const [whole, before] = [await viewsOf(photos.out), await photos.numbers()];
    await rename(photos.path('b.jpg'), `${photos.folder}/../b.jpg`);
    expect(JSON.parse((await photos.run('--dry-run', '--json')).stdout)).toMatchObject({
      gone: ['b.jpg'],
      pending: [],
    });
    const { code, stdout, stderr } = await photos.run();
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('10 of 10 images') as string });
    expect(stderr).toMatch(LEFT);
    expect(stderr).toContain(': b.jpg.');
    const { 'b.jpg': id, ...others } = before;
    expect(await photos.numbers()).toEqual(others);
    expect(await labels(photos)).not.toContain('b.txt');
    expect(await danglingLinks(photos)).toEqual([]);
    expect(await countsOf(photos)).toMatchObject({ found: 10, annotated: 10, gone: 1 });
    expect(await journalled(photos.out)).toHaveLength(NAMES.length);

    const exported = await preannotate(['export', photos.out, '--score-threshold', '0.3']);
    expect(exported.stdout).toContain('10 images');
    expect(exported.stderr).toContain('1 annotated image is left out, because the last run did not find it.');
    expect(await photos.numbers()).toEqual(others);
    expect((await photos.run()).stderr).not.toMatch(LEFT); // it was named when it left

    await rename(`${photos.folder}/../b.jpg`, photos.path('b.jpg'));
    const back = await photos.run();
    expect(back).toMatchObject({ code: 0, stderr: expect.not.stringContaining('worker') as string });
    expect((await photos.numbers())['b.jpg']).toBe(id);
    expect(await viewsOf(photos.out)).toEqual(whole);
    expect(await countsOf(photos)).not.toHaveProperty('gone');
  });

  it('because it was renamed is one that leaves and one that is new; an excluded one leaves as well', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    await rename(photos.path('c.jpg'), photos.path('cc.jpg'));
    const { stderr } = await photos.run();
    expect(stderr).toMatch(LEFT);
    const numbers = await photos.numbers();
    expect(numbers).toMatchObject({ 'b.jpg': 2, 'cc.jpg': 12, 'd.jpg': 4 });
    expect(numbers).not.toHaveProperty(['c.jpg']);
    expect((await photos.run('--exclude', 'd.jpg')).stderr).toContain(': d.jpg.');
    expect(await labels(photos)).not.toContain('d.txt');
    expect(await danglingLinks(photos)).toEqual([]);
    await photos.run();
    expect(await photos.numbers()).toEqual(numbers);
  });

  it('and comes back with another content is annotated again under its number', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    await rm(photos.path('a.jpg'));
    await photos.run();
    await photos.put('a.jpg', 'scene-21.png');
    expect((await photos.run()).stderr).toContain('1 image has changed and is annotated again: a.jpg.');
    expect((await photos.numbers())['a.jpg']).toBe(1);
  });

  it('keeps a label file that was edited, which is named', async () => {
    const photos = await photosNamed([...NAMES, 'a.png']);
    await photos.run();
    expect(await labels(photos)).toContain('a__png.txt');
    const place = (name: string) => join(photos.out, 'yolo', name);
    await writeFile(place('labels/train/a.txt'), '0 0.5 0.5 0.1 0.1\n');
    await rm(photos.path('a.jpg'));
    const { stderr } = await photos.run();
    expect(stderr).toContain('were edited stay although they are no longer part of it: labels/train/a.txt.');
    expect(stderr).not.toContain('yolo.new');
    expect(await readFile(place('labels/train/a.txt'), 'utf8')).toBe('0 0.5 0.5 0.1 0.1\n');
    expect(await readdir(photos.out)).not.toContain('yolo.new');
    expect(await readdir(place('labels_conf/train'))).not.toContain('a.txt');
    expect(await labels(photos)).toContain('a__png.txt'); // it is not labelled with what was drawn for a.jpg
    await photos.put('a.jpg', 'scene-01.jpg');
    expect((await photos.run()).stderr).toContain('were edited stay as they are: labels/train/a.txt.');
  });
});

describe('more than a tenth of the images gone', () => {
  it('is asked about before anything is done, and may be accepted or refused', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    const before = await viewsOf(photos.out);
    await rename(photos.path('sub'), `${photos.folder}/../sub`);
    for (const dry of [[], ['--dry-run']]) {
      const { code, stderr } = await photos.run(...dry);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /2 of the 11 images that are annotated in .* were not found below .*: sub\/j\.jpg, sub\/k/,
      );
      expect(stderr).toMatch(/--accept-missing.*--keep-missing/s);
    }
    expect(await viewsOf(photos.out)).toEqual(before);

    const kept = await photos.run('--keep-missing', '--preview', '--images', 'copy');
    expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining('11 of 11 images') as string });
    expect(kept.stderr).toContain('2 annotated images are no longer found; --keep-missing keeps them');
    expect(await photos.numbers()).toMatchObject({ 'sub/j.jpg': 10, 'sub/k.jpg': 11 });
    expect((await preannotate(['export', photos.out, '--preview'])).code).toBe(0);
    expect(await labels(photos)).toContain('sub/j.txt');

    expect((await photos.run()).code).toBe(2); // it is asked again
    const accepted = await photos.run('--accept-missing', '--preview');
    expect(accepted).toMatchObject({ code: 0, stdout: expect.stringContaining('9 of 9 images') as string });
    expect(await labels(photos)).toEqual(NAMES.slice(0, 9).map((name) => name.replace('.jpg', '.txt')));
    expect((await photos.run()).code).toBe(0); // those are known to be gone
    await rm(photos.path('a.jpg'));
    expect((await photos.run()).code).toBe(2); // one of nine
  });

  it('is what a renamed folder looks like, also when all images were in it', async () => {
    const photos = await photosNamed(['x/a.jpg', 'x/b.jpg']);
    await photos.run();
    await rename(photos.path('x'), photos.path('y'));
    const { code, stderr } = await photos.run();
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--accept-missing') as string });
    expect((await photos.run('--accept-missing')).code).toBe(0);
    expect(await photos.numbers()).toEqual({ 'y/a.jpg': 3, 'y/b.jpg': 4 });
    const kept = await photosNamed(['x/a.jpg', 'x/b.jpg']);
    await kept.run();
    await rename(kept.path('x'), kept.path('y'));
    await kept.run('--keep-missing');
    expect(Object.values(await kept.numbers())).toEqual([1, 2, 3, 4]);
  });

  it.each(['copy', 'hardlink', 'symlink'])('keeps what the view has of kept ones, with --images %s', async (how) => {
    const photos = await photosNamed(['a.jpg', 'b.jpg']);
    await photos.run('--images', how);
    const before = await readdir(join(photos.out, 'yolo/images/train'));
    await rm(photos.path('b.jpg'));
    const { code, stderr } = await photos.run('--images', how, '--keep-missing');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('placed') as string });
    expect(await readdir(join(photos.out, 'yolo/images/train'))).toEqual(before);
    await photos.run('--images', how, '--accept-missing');
    expect(await readdir(join(photos.out, 'yolo/images/train'))).toEqual(['a.jpg']);
  });
});

describe('nothing leaves the views', () => {
  it.each<[part: string, args: (photos: Photos) => string[]]>([
    ['files in one folder', ({ path }) => [path('b.jpg'), path('c.jpg')]],
    ['files in several folders', ({ path }) => [path('b.jpg'), path('sub/j.jpg')]],
    ['a glob that does not match them', ({ folder }) => [join(folder, '[b-h].jpg')]],
    ['--limit', ({ folder }) => [folder, '--limit', '30']],
    ['--sample', ({ folder }) => [folder, '--sample', '3']],
  ])('after a look at a part: %s', async (_part, argsOf) => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    const before = await photos.numbers();
    for (const name of ['a.jpg', 'sub/k.jpg']) await rm(photos.path(name));
    const args = ['run', ...argsOf(photos), ...EMOJI, '--out', photos.out];
    const { code, stdout, stderr } = await preannotate(args);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('no longer') as string });
    expect(stdout).toContain('11 of 11 images');
    expect(await photos.numbers()).toEqual(before);
  });

  it('beside what a glob matches', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    for (const name of ['a.jpg', 'sub/k.jpg']) await rm(photos.path(name));
    const args = ['run', join(photos.folder, '*.jpg'), ...EMOJI, '--out', photos.out];
    expect((await preannotate(args)).stderr).toContain(': a.jpg.');
    expect(Object.keys(await photos.numbers())).toEqual(NAMES.slice(1));
  });

  it.skipIf(process.platform !== 'linux')(
    'after a listing in which a folder could not be read (needs Linux)',
    async () => {
      const photos = await photosNamed(NAMES);
      await photos.run();
      await mkdir(photos.path('closed'), { mode: 0o700 });
      await rm(photos.path('a.jpg'));
      execFileSync('chmod', ['-R', 'a+rwX', dirname(photos.folder)]);
      await chmod(photos.path('closed'), 0);
      const args = ['run', photos.folder, ...EMOJI, '--out', photos.out, '--max-errors', '1'];
      const { code, stderr } = await preannotate(args, { prefix: AS_ORDINARY_USER });
      await chmod(photos.path('closed'), 0o755);
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('closed') as string });
      expect(stderr).not.toContain('no longer');
      expect(await photos.numbers()).toHaveProperty(['a.jpg']);
      expect((await photos.run()).stderr).toMatch(LEFT);
    },
  );
});
