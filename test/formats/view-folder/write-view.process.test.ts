import { mkdir, open, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/formats/format.js';
import { formatNames, formats, type FormatName } from '../../../src/formats/index.js';
import { canMount, smallDisk } from '../../support/system/disk.js';
import { filesUnder } from '../readers.js';
import { startWriting } from '../start-writing.js';
import { asyncOf, imagesNamed, randomNumbers, viewOf, written } from '../views.js';

const COUNT = 300;
const NAMES = Array.from({ length: COUNT }, (_, i) => `${i % 5}/${i}.jpg`);
async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = (await filesUnder(folder)).sort();
  const content = async (file: string) => await readlink(file).catch(() => readFile(file, 'utf8'));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(folder.length), await content(file)] as const)),
  );
}

/** The view with other boxes in every label file. */
function changed(view: View): View {
  const images = imagesNamed(NAMES).map((image) => ({ ...image, detections: image.detections.slice(1) }));
  return { ...view, images: asyncOf(images.sort((a, b) => (a.name < b.name ? -1 : 1))) };
}

const unchanged = (view: View): View => ({
  ...view,
  images: asyncOf(imagesNamed(NAMES).sort((a, b) => (a.name < b.name ? -1 : 1))),
});

/** Writes a file until the disk is full. */
async function fill(path: string): Promise<void> {
  await using file = await open(path, 'w');
  const isFull = () =>
    file.write(Buffer.alloc(4096)).then(
      ({ bytesWritten }) => bytesWritten === 0,
      () => true,
    );
  while (!(await isFull()));
}

/** A file that changes with the boxes. */
const EDITED: Record<FormatName, string> = {
  coco: 'results.json',
  yolo: 'labels/train/0/0.txt',
  voc: 'Annotations/0/0.xml',
  'label-studio': 'tasks.json',
  cvat: 'annotations.xml',
  labelme: '0/0.json',
  csv: 'boxes.csv',
  huggingface: 'train/metadata.jsonl',
};

describe.each(formatNames)('writing a view of %s', (format) => {
  it('that is killed at any moment takes no file for an edited one, nor its own files for the user’s', async () => {
    const random = randomNumbers(3);
    const view = await viewOf(format, imagesNamed(NAMES));
    await formats[format].write(unchanged(view));
    const complete = await contentOf(view.outDir);
    await formats[format].write(changed(view));
    const changedContent = await contentOf(view.outDir);
    const edited = EDITED[format];
    await writeFile(join(view.outDir, edited), 'by hand');
    const { closed } = await startWriting(format, view, { names: NAMES });
    const startMs = performance.now();
    await closed;
    const usualMs = performance.now() - startMs;
    for (let time = 1; time <= 5; time++) {
      const writing = await startWriting(format, view, { names: NAMES, skipped: time % 2 });
      await setTimeout(random() * usualMs);
      writing.child.kill('SIGKILL');
      await writing.closed;
    }
    for (const [write, content] of [
      [unchanged, complete],
      [changed, changedContent],
    ] as const) {
      const notes = await formats[format].write(write(view));
      expect(notes[0]).toContain(`stay as they are: ${edited}.`);
      expect(await contentOf(view.outDir)).toEqual({ ...content, [`/${edited}`]: 'by hand' });
    }
    expect((await readdir(dirname(view.outDir))).sort()).toEqual(['.preannotate', format, `${format}.new`]);
    expect((await readdir(join(dirname(view.outDir), '.preannotate/views'))).sort()).toEqual(
      expect.arrayContaining([`${format}.jsonl`, `${format}.new.jsonl`]),
    );
  });

  it('for the first time gives it its name when it is complete', async () => {
    const view = await viewOf(format, imagesNamed(NAMES));
    const list = () => readdir(dirname(view.outDir)).catch((): string[] => []);
    let isStaged = false;
    while (!isStaged) {
      await rm(dirname(view.outDir), { recursive: true, force: true }); // of a process that was too fast for us
      const { child, closed } = await startWriting(format, view, { names: NAMES });
      while (!isStaged && child.exitCode === null) isStaged = (await list()).includes(`.preannotate-${format}-new`);
      child.kill('SIGKILL');
      await closed;
    }
    expect(await readdir(dirname(view.outDir))).not.toContain(format);
    await formats[format].write(unchanged(view));
    expect((await readdir(dirname(view.outDir))).sort()).toEqual(['.preannotate', format]);
  });

  it('puts the view back that version 0.1 was replacing when it was killed', async () => {
    const { view } = await written(format, imagesNamed(['a.jpg']));
    await rm(join(dirname(view.outDir), '.preannotate'), { recursive: true });
    const signature = join(view.outDir, formats[format].signature);
    const text = await readFile(signature, 'utf8');
    await writeFile(signature, text); // the newest, as in 0.1
    await rename(view.outDir, join(dirname(view.outDir), `.preannotate-${format}-old`));
    const torn = {
      async *[Symbol.asyncIterator]() {
        yield* imagesNamed(['a.jpg']);
        await Promise.reject(new Error('ended'));
      },
    };
    await expect(formats[format].write({ ...view, images: torn })).rejects.toThrow('ended');
    expect(await readFile(signature, 'utf8')).toBe(text);
  });

  it.skipIf(!canMount)(
    'on a full disk leaves the view as it was, and works when there is room (needs the right to mount a small disk)',
    async () => {
      const disk = await smallDisk('8m');
      const view = { ...(await viewOf(format, imagesNamed(NAMES))), outDir: join(disk, 'out', format) };
      await formats[format].write(unchanged(view));
      const before = await contentOf(view.outDir);
      await fill(join(disk, 'filler'));
      await expect(formats[format].write(changed(view))).rejects.toMatchObject({
        code: 'WRITE_FAILED',
        message: expect.stringMatching(/: the disk is full\.$/) as string,
      });
      expect(await contentOf(view.outDir)).toEqual(before);
      await rm(join(disk, 'filler'));
      expect((await formats[format].write(changed(view))).join()).not.toContain('edited');
    },
  );

  it.skipIf(!canMount)(
    'that is linked to another file system keeps and moves edited files (needs the right to mount a small disk)',
    async () => {
      const disk = await smallDisk('8m');
      const view = await viewOf(format, imagesNamed(NAMES));
      await mkdir(dirname(view.outDir), { recursive: true });
      await symlink(disk, view.outDir); // the root of a disk: nothing can be renamed beside it
      await formats[format].write(unchanged(view));
      await writeFile(join(disk, formats[format].signature), 'by hand');
      expect((await formats[format].write(changed(view)))[0]).toContain('stay as they are');
      const [note] = await formats[format].write({ ...changed(view), overwriteEdited: true });
      const [, aside] = /The edited versions are in (\S+)\./.exec(note!)!;
      expect(await readFile(join(aside!, formats[format].signature), 'utf8')).toBe('by hand');
      expect(await readFile(join(disk, formats[format].signature), 'utf8')).toContain('preannotate');
      expect(await readlink(view.outDir)).toBe(disk);
    },
  );
});
