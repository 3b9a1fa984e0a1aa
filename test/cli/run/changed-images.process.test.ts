import { readFile, rename, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, SCENES } from '../../support/cli.js';
import { photosNamed, type Photos } from '../../support/photos.js';

const NAMES = ['a.jpg', 'b.jpg', 'c.jpg'];

async function counts({ out }: Photos): Promise<Record<string, number>> {
  return (JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { counts: Record<string, number> }).counts;
}

/** What a run into another folder finds in the photos as they are. */
async function fresh(photos: Photos): Promise<string> {
  const out = `${photos.out}-fresh`;
  expect((await preannotate(['run', photos.folder, ...EMOJI, '--out', out])).code).toBe(0);
  return await readFile(join(out, 'coco/instances.json'), 'utf8');
}

describe('an image whose file was replaced', () => {
  it('is annotated again, alone, and keeps its number; the views have the new result', async () => {
    const photos = await photosNamed(NAMES);
    expect((await photos.run()).code).toBe(0);
    const before = await photos.coco();
    await photos.put('b.jpg', 'scene-21.png'); // of another size
    const { code, stderr, stdout } = await photos.run();
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('3 of 3 images') as string });
    expect(stderr).toContain('1 image has changed and is annotated again: b.jpg.');
    expect(await counts(photos)).toMatchObject({ found: 3, annotated: 3, resumed: 2 });
    expect(await counts(photos)).not.toHaveProperty('outdated');
    const after = await photos.coco();
    expect(after.images.map(({ id }) => id)).toEqual(before.images.map(({ id }) => id));
    expect(after.images[1]).not.toEqual(before.images[1]); // its width and height
    expect(JSON.stringify(after)).toBe(JSON.stringify(JSON.parse(await fresh(photos))));
    const lines = await journalled(photos.out);
    expect(lines.map(({ image }) => image).sort()).toEqual(['a.jpg', 'b.jpg', 'b.jpg', 'c.jpg']);
    expect(lines.at(-1)).toMatchObject({ image: 'b.jpg', id: 2, replaces: 1 });
    const views = await readFile(join(photos.out, 'yolo/labels_conf/train/b.txt'), 'utf8');
    expect((await preannotate(['export', photos.out])).code).toBe(0); // from the same journal
    expect(await readFile(join(photos.out, 'yolo/labels_conf/train/b.txt'), 'utf8')).toBe(views);
    expect(await photos.coco()).toEqual(after);
  });

  it('is noticed where size or time alone show it, also when it is older, and again and again', async () => {
    const photos = await photosNamed(['a.jpg', 'b.jpg']);
    await photos.run();
    const { size, mtime } = await stat(photos.path('a.jpg'));
    await photos.put('a.jpg', 'scene-02.jpg');
    await utimes(photos.path('a.jpg'), mtime, mtime); // another size, the same time
    expect((await photos.run()).stderr).toContain('1 image has changed');
    const bytes = await readFile(photos.path('a.jpg'));
    await writeFile(photos.path('b.jpg'), bytes.subarray(0, size)); // the same size, if it is large enough
    await truncate(photos.path('b.jpg'), size);
    await utimes(photos.path('b.jpg'), 1, 1);
    expect((await photos.run('--max-errors', '1')).stderr).toContain('1 image has changed');
    await photos.put('a.jpg', 'scene-03.jpg');
    await photos.put('b.jpg', 'scene-03.jpg');
    expect(await photos.run()).toMatchObject({ code: 0, stderr: expect.stringContaining('2 images have changed') });
    expect((await photos.run()).stderr).not.toContain('changed');
    expect(JSON.stringify(await photos.coco())).toBe(JSON.stringify(JSON.parse(await fresh(photos))));
    expect((await journalled(photos.out)).filter(({ image }) => image === 'a.jpg')).toHaveLength(3);
  });

  it('by one that cannot be decoded fails, and its old boxes are in no view until it is fixed', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    const whole = await photos.coco();
    const original = await readFile(photos.path('b.jpg'));
    const { mtime } = await stat(photos.path('b.jpg'));
    await writeFile(photos.path('b.jpg'), original.subarray(0, 500));
    for (const round of ['first', 'again']) {
      const { code, stdout } = await photos.run();
      expect({ round, code, stdout }).toMatchObject({ code: 3, stdout: expect.stringContaining('2 of 3 images') });
      expect(await photos.numbers()).toEqual({ 'a.jpg': 1, 'c.jpg': 3 });
      expect(await counts(photos)).toMatchObject({ annotated: 2, failed: 1, outdated: 1 });
    }
    const exported = await preannotate(['export', photos.out]);
    expect(exported.stdout).toContain('2 of 3 images (1 failed)');
    expect(await photos.numbers()).toEqual({ 'a.jpg': 1, 'c.jpg': 3 });
    await writeFile(photos.path('b.jpg'), original);
    await utimes(photos.path('b.jpg'), mtime, mtime);
    expect(await photos.run()).toMatchObject({ code: 0, stderr: expect.not.stringContaining('changed') as string });
    expect(await photos.coco()).toEqual(whole);
  });

  it('that had failed before is annotated when it is fixed, and gets the number that was kept for it', async () => {
    const photos = await photosNamed(NAMES);
    await writeFile(photos.path('b.jpg'), 'not an image');
    expect((await photos.run()).code).toBe(3);
    expect(await photos.numbers()).toEqual({ 'a.jpg': 1, 'c.jpg': 3 });
    await photos.put('b.jpg', 'scene-02.jpg');
    expect((await photos.run()).code).toBe(0);
    expect(await photos.numbers()).toEqual({ 'a.jpg': 1, 'b.jpg': 2, 'c.jpg': 3 });
  });

  it('is named by a dry run, and is not looked at where --limit leaves it out', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    await photos.put('c.jpg', 'scene-02.jpg');
    const { stdout } = await photos.run('--dry-run', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ changed: ['c.jpg'], pending: ['c.jpg'], finished: 2 });
    expect((await photos.run('--limit', '2')).stderr).not.toContain('changed'); // it is not looked at
    expect(await photos.numbers()).toEqual({ 'a.jpg': 1, 'b.jpg': 2, 'c.jpg': 3 });
  });

  it('keeps an edited label file, whose new version is put beside the view', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    const label = 'labels/train/b.txt';
    await writeFile(join(photos.out, 'yolo', label), '0 0.5 0.5 0.1 0.1\n');
    await photos.put('b.jpg', 'scene-02.jpg');
    const { stderr } = await photos.run();
    expect(stderr).toContain(`that were edited stay as they are: ${label}.`);
    expect(await readFile(join(photos.out, 'yolo', label), 'utf8')).toBe('0 0.5 0.5 0.1 0.1\n');
    expect(await readFile(join(photos.out, 'yolo.new', label), 'utf8')).not.toBe('0 0.5 0.5 0.1 0.1\n');
  });

  it.each(['copy', 'hardlink'])('has its new content in the view, with --images %s', async (how) => {
    const photos = await photosNamed(NAMES);
    const withTrailer = async (scene: string) =>
      Buffer.concat([await readFile(join(SCENES, scene)), Buffer.from('a trailer, as phones write it')]);
    await writeFile(photos.path('c.jpg'), await withTrailer('scene-01.jpg'));
    await photos.run('--images', how);
    const inView = (name: string) => join(photos.out, 'yolo/images/train', name);
    await writeFile(inView('c.jpg'), await readFile(join(SCENES, 'scene-01.jpg'))); // as training programs rewrite it
    expect((await photos.run('--images', how)).stderr).not.toContain('changed'); // links change the ctime of originals
    await writeFile(`${photos.path('b.jpg')}.new`, await readFile(join(SCENES, 'scene-02.jpg')));
    await rename(`${photos.path('b.jpg')}.new`, photos.path('b.jpg'));
    await writeFile(photos.path('c.jpg'), await withTrailer('scene-02.jpg'));
    const { code, stderr } = await photos.run('--images', how);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining('edited') as string });
    for (const name of ['b.jpg', 'c.jpg'])
      expect((await readFile(inView(name))).equals(await readFile(photos.path(name)))).toBe(true);
  });
});

describe('an image whose file was only touched', () => {
  it('is not annotated again, and is read again once, not in every run', async () => {
    const photos = await photosNamed(NAMES);
    await photos.run();
    const journal = await readFile(join(photos.out, 'detections.jsonl'));
    await utimes(photos.path('b.jpg'), 1, 1);
    expect(await photos.run()).toMatchObject({ code: 0, stderr: expect.not.stringContaining('changed') as string });
    const list = await readFile(join(photos.out, '.preannotate/sources.jsonl'), 'utf8');
    expect(list).toMatch(/"image":"b.jpg","state":"touched","modified_ms":1000,/);
    const { size } = await stat(photos.path('b.jpg'));
    await writeFile(photos.path('b.jpg'), Buffer.alloc(size)); // which shows that it is not read again
    await utimes(photos.path('b.jpg'), 1, 1);
    expect((await photos.run()).stderr).not.toContain('changed');
    expect((await readFile(join(photos.out, 'detections.jsonl'))).equals(journal)).toBe(true);
    expect(await readFile(join(photos.out, '.preannotate/sources.jsonl'), 'utf8')).toBe(list);
    await utimes(photos.path('b.jpg'), 2, 2);
    expect((await photos.run('--max-errors', '1')).stderr).toContain('1 image has changed');
  });
});

it('a run over another folder whose files have the same names is refused', async () => {
  const photos = await photosNamed(NAMES);
  await photos.run();
  const other = await photosNamed([]);
  for (const name of NAMES) await other.put(name, 'scene-02.jpg');
  const journal = await readFile(join(photos.out, 'detections.jsonl'));
  const { code, stderr } = await preannotate(['run', other.folder, ...EMOJI, '--out', photos.out]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/holds images of .*photos; 3 of the 3 with the same names below .* have another content/);
  expect((await readFile(join(photos.out, 'detections.jsonl'))).equals(journal)).toBe(true);
  await rename(photos.folder, `${photos.folder}-moved`); // the same images elsewhere
  const moved = await preannotate(['run', `${photos.folder}-moved`, ...EMOJI, '--out', photos.out]);
  expect(moved).toMatchObject({ code: 0, stderr: expect.not.stringContaining('changed') as string });
});
