import { lstat, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/formats/format.js';
import { formatNames, formats, type FormatName } from '../../../src/formats/index.js';
import { asyncOf, imagesNamed, written } from '../views.js';
import { EDITS, copyTree, snapshot, snapshotWithoutLinks } from './edits.js';

const NAMES = ['a.jpg', 'sub/b.jpg', 'sub/c.png'];
const LABEL: Record<FormatName, string> = {
  coco: 'results.json',
  yolo: 'labels/train/sub/c.txt',
  voc: 'Annotations/sub/c.xml',
  'label-studio': 'tasks.json',
  cvat: 'labels.json',
  labelme: 'sub/c.json',
  csv: 'boxes.csv',
  huggingface: 'train/metadata.jsonl',
};

/** The same view with other boxes, so that every file of labels gets another content. */
function changed(view: View): View {
  const images = imagesNamed(NAMES).map(({ detections, stored, ...image }) => ({
    ...image,
    detections: detections.slice(1),
    stored: stored.slice(1),
  }));
  return { ...view, images: asyncOf(images) };
}

const read = (view: View, path: string) => readFile(join(view.outDir, path), 'utf8');
const readNew = (view: View, path: string) => readFile(join(`${view.outDir}.new`, path), 'utf8');

/** What a file is in a view that nobody edited. */
async function expected(format: FormatName, path: string): Promise<string> {
  const { view } = await written(format, imagesNamed(NAMES));
  await formats[format].write(changed(view));
  return await read(view, path);
}

const CASES = formatNames.flatMap((format) => [
  ...[LABEL[format], formats[format].signature].map((file) => [format, file] as const),
]);

describe.each(CASES)('in a view of %s, %s', (format, file) => {
  it.each(Object.entries(EDITS))('that was edited %s stays as it is, and is named', async (_how, edit) => {
    const { view } = await written(format, imagesNamed(NAMES));
    const place = join(view.outDir, file);
    await edit(place);
    const edited = await snapshot(place);
    const notes = await formats[format].write(changed(view));
    expect(notes[0]).toContain(`Files in ${view.outDir} that were edited stay as they are: ${file}.`);
    expect(await snapshot(place)).toEqual(edited);
    expect(await readNew(view, file)).toBe(await expected(format, file));
    const again = await formats[format].write(changed(view));
    expect(again[0]).toBe(notes[0]); // it stays an edited file
    expect(await snapshot(place)).toEqual(edited);
  });

  it('that was deleted does not come back, and is named', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    await rm(join(view.outDir, file));
    for (let time = 0; time < 2; time++) {
      const notes = await formats[format].write(changed(view));
      expect(notes[0]).toContain(`stay as they are: ${file} (deleted).`);
      expect(await readNew(view, file)).toBe(await expected(format, file));
      await expect(read(view, file)).rejects.toThrow('ENOENT');
    }
  });

  it('is moved aside and replaced on request, be it a file, a folder or a link', async () => {
    for (const how of ['with an older time', 'by putting a folder in its place', 'by putting a link in its place']) {
      const edit = EDITS[how]!;
      const { view } = await written(format, imagesNamed(NAMES));
      const place = join(view.outDir, file);
      await edit(place);
      const edited = await snapshot(place);
      await formats[format].write(changed(view)); // which leaves a new version beside it
      const notes = await formats[format].write({ ...changed(view), overwriteEdited: true });
      const [, aside] = /that were edited have been replaced: .*\. The edited versions are in (\S+)\./.exec(notes[0]!)!;
      expect(await snapshot(join(aside!, file))).toEqual(edited);
      expect(await read(view, file)).toBe(await expected(format, file));
      expect(await readdir(dirname(view.outDir))).toEqual(['.preannotate', format]);
      expect((await formats[format].write(changed(view))).join()).not.toContain('edited');
    }
  });

  it('that was edited is ordinary again once its content is what was, or is to be, written', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    const before = await read(view, file);
    await writeFile(join(view.outDir, file), 'by hand');
    await formats[format].write(changed(view));
    await writeFile(join(view.outDir, file), before);
    expect((await formats[format].write(changed(view))).join()).not.toContain('edited');
    await writeFile(join(view.outDir, file), 'by hand');
    await formats[format].write(view);
    await rename(join(`${view.outDir}.new`, file), join(view.outDir, file)); // adopts the new version
    expect((await formats[format].write(view)).join()).not.toContain('edited');
  });
});

describe.each(formatNames)('a view of %s', (format) => {
  it('keeps files and folders that the user put there, and does not mention them', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    const mine = ['note.txt', 'mine/labels/a.txt', `${dirname(LABEL[format])}/sub/extra.txt`];
    for (const path of mine) {
      await mkdir(dirname(join(view.outDir, path)), { recursive: true });
      await writeFile(join(view.outDir, path), 'mine');
      await utimes(join(view.outDir, path), 1, 1);
    }
    for (const overwriteEdited of [false, true])
      expect((await formats[format].write({ ...changed(view), overwriteEdited })).join()).not.toContain('edited');
    for (const path of mine) expect(await read(view, path)).toBe('mine');
  });

  it('is not edited by what other programs leave there', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    for (const name of ['labels.cache', '.DS_Store', 'Thumbs.db', 'train.cache', '._a.txt'])
      await writeFile(join(view.outDir, name), 'cache');
    expect((await formats[format].write(changed(view))).join()).not.toContain('edited');
    expect(await readdir(dirname(view.outDir))).toEqual(['.preannotate', format]);
  });

  it('is recognised after a copy that changes every time and inode', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    await rename(view.outDir, `${view.outDir}-old`);
    await copyTree(`${view.outDir}-old`, view.outDir);
    await writeFile(join(view.outDir, LABEL[format]), 'by hand');
    const notes = await formats[format].write(changed(view));
    expect(notes[0]).toContain(`stay as they are: ${LABEL[format]}.`);
  });

  it('is written anew when it was deleted, or emptied, as a whole', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    await writeFile(join(view.outDir, LABEL[format]), 'by hand');
    await formats[format].write(changed(view)); // which leaves a new version beside it
    await rm(view.outDir, { recursive: true });
    expect((await formats[format].write(view)).join()).not.toContain('edited');
    expect(await readdir(dirname(view.outDir))).toEqual(['.preannotate', format]);
    const complete = (await readdir(view.outDir)).sort();
    for (const name of complete) await rm(join(view.outDir, name), { recursive: true });
    await writeFile(join(view.outDir, '.DS_Store'), '');
    expect((await formats[format].write(view)).join()).not.toContain('edited');
    expect((await readdir(view.outDir)).sort()).toEqual(['.DS_Store', ...complete].sort());
  });

  it('does not touch files whose content stays the same', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    const before = await snapshotWithoutLinks(view.outDir);
    await formats[format].write(view);
    expect(await snapshotWithoutLinks(view.outDir)).toEqual(before);
  });

  it('has its edited new versions moved aside before newer ones are written', async () => {
    const { view } = await written(format, imagesNamed(NAMES));
    await writeFile(join(view.outDir, LABEL[format]), 'by hand');
    await formats[format].write(changed(view));
    await writeFile(join(`${view.outDir}.new`, LABEL[format]), 'by hand, too');
    const notes = await formats[format].write(view);
    const [, aside] = /\.new that were edited have been replaced: .* are in (\S+)\./.exec(notes.join('\n'))!;
    expect(await readFile(join(aside!, LABEL[format]), 'utf8')).toBe('by hand, too');
  });
});

describe('a view of yolo', () => {
  it('names ten edited files and counts the others', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `${String(i).padStart(2, '0')}.jpg`);
    const { view } = await written('yolo', imagesNamed(names));
    for (let i = 0; i < 13; i++)
      await writeFile(join(view.outDir, `labels/train/${String(i).padStart(2, '0')}.txt`), 'by hand');
    const [note] = await formats.yolo.write(view);
    expect(note).toContain('labels/train/00.txt, labels/train/01.txt');
    expect(note).toContain('labels/train/09.txt and 3 more.');
  });

  it('loses the files of an image that is no longer in it, except for edited ones', async () => {
    const { view } = await written('yolo', imagesNamed(NAMES));
    await writeFile(join(view.outDir, 'labels/train/sub/c.txt'), 'by hand');
    const fewer = { ...view, images: asyncOf(imagesNamed(['a.jpg'])) };
    expect((await formats.yolo.write(fewer))[0]).toContain('no longer part of it: labels/train/sub/c.txt.');
    expect(await readdir(dirname(view.outDir))).not.toContain('yolo.new');
    expect(await readdir(join(view.outDir, 'labels/train/sub'))).toEqual(['c.txt']);
    expect(await readdir(join(view.outDir, 'images/train'))).toEqual(['a.jpg']);
    await formats.yolo.write(view);
    expect(await read(view, 'labels/train/sub/c.txt')).toBe('by hand');
    expect(await readdir(join(view.outDir, 'images/train/sub'))).toEqual(['b.jpg', 'c.png']);
  });

  it.each([false, true])(
    'touches nothing behind a link that took the place of a folder (overwriting: %s)',
    async (overwriteEdited) => {
      const { view } = await written('yolo', imagesNamed(NAMES));
      const elsewhere = join(dirname(dirname(view.outDir)), 'elsewhere');
      await rename(join(view.outDir, 'labels/train/sub'), elsewhere);
      await symlink(elsewhere, join(view.outDir, 'labels/train/sub'));
      const before = await snapshot(elsewhere);
      const [note] = await formats.yolo.write({ ...changed(view), overwriteEdited });
      expect(note).toContain('labels/train/sub/b.txt, labels/train/sub/c.txt');
      expect(await snapshot(elsewhere)).toEqual(before);
      expect((await lstat(join(view.outDir, 'labels/train/sub'))).isSymbolicLink()).toBe(!overwriteEdited);
      const place = overwriteEdited ? view.outDir : `${view.outDir}.new`;
      expect((await readdir(join(place, 'labels/train/sub'))).sort()).toEqual(['b.txt', 'c.txt']);
    },
  );
});
