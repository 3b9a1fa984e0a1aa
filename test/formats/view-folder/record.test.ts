import { mkdir, readdir, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/formats/format.js';
import { formatNames, formats, type FormatName } from '../../../src/formats/index.js';
import { assertClassOrderKept } from '../../../src/formats/view-folder/class-order.js';
import { filesUnder } from '../readers.js';
import { asyncOf, imagesNamed, randomNumbers, written } from '../views.js';

const recordOf = ({ outDir }: View, format: FormatName) =>
  join(dirname(outDir), '.preannotate/views', `${format}.jsonl`);

async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = (await filesUnder(folder)).sort();
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file, await readlink(file).catch(() => readFile(file, 'utf8'))] as const),
    ),
  );
}

/** Puts other lines in the place of one. */
const replaceLine = (lines: readonly string[], at: number, ...others: string[]) => [
  ...lines.slice(0, at),
  ...others,
  ...lines.slice(at + 1),
];

const DAMAGE: Record<string, (lines: string[], at: number) => string[]> = {
  'a line changed': (lines, at) =>
    replaceLine(
      lines,
      at,
      lines[at]!.replace(/[0-9a-f]/, (digit) => (digit === '0' ? '1' : '0')),
    ),
  'a line missing at the end': (lines) => lines.slice(0, -1),
  'two lines exchanged': (lines, at) => {
    const first = Math.min(at, lines.length - 2);
    return [...lines.slice(0, first), lines[first + 1]!, lines[first]!, ...lines.slice(first + 2)];
  },
  'a line twice': (lines, at) => replaceLine(lines, at, lines[at]!, lines[at]!),
  'an empty line': (lines, at) => replaceLine(lines, at, ''),
  'null for a line': (lines, at) => replaceLine(lines, at, 'null'),
  'half a line': (lines, at) => replaceLine(lines, at, lines[at]!.slice(0, 30)),
};

describe.each(formatNames)('the record of written files of %s', (format) => {
  it.each(Object.entries(DAMAGE))('is refused by name with %s, and the view stays as it is', async (_what, damage) => {
    const { view } = await written(format, imagesNamed(['a.jpg', 'b.jpg', 'c.jpg']));
    const before = await contentOf(view.outDir);
    const path = recordOf(view, format);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    for (let at = 0; at < lines.length; at++) {
      await writeFile(path, `${damage(lines, at).join('\n')}\n`);
      await expect(formats[format].write({ ...view, images: asyncOf(imagesNamed(['a.jpg'])) })).rejects.toMatchObject({
        code: 'JOURNAL_DAMAGED',
        message: expect.stringMatching(`^${path}:\\d+: `) as string,
      });
      expect(await contentOf(view.outDir)).toEqual(before);
    }
  });

  it('is refused by name where it is no file', async () => {
    const { view } = await written(format, imagesNamed(['a.jpg']));
    const path = recordOf(view, format);
    await rm(path);
    await mkdir(path);
    await expect(formats[format].write(view)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: `${path} cannot be read: it is a folder, not a file.`,
    });
  });

  it('is not needed: without it all files are moved aside, once, whatever their times', async () => {
    const { view } = await written(format, imagesNamed(['a.jpg']));
    await rm(recordOf(view, format));
    for (const name of ['labels.cache', '.DS_Store', 'Thumbs.db']) {
      await writeFile(join(view.outDir, name), 'cache');
      await setTime(join(view.outDir, name), Date.now() + 60_000);
    }
    await writeFile(join(view.outDir, 'corrected.txt'), 'by hand');
    await setTime(join(view.outDir, 'corrected.txt'), 0); // copied back with its time
    await setTime(join(view.outDir, formats[format].signature), Date.now() + 1000); // written last, as in 0.1
    const [note] = await formats[format].write(view);
    const [, aside] = /There is no record of what was written into .*; all of it is kept in (\S+), which/.exec(note!)!;
    expect(await readFile(join(aside!, 'corrected.txt'), 'utf8')).toBe('by hand');
    expect(await readdir(dirname(view.outDir))).toEqual(['.preannotate', format]);
    expect((await formats[format].write(view)).join()).not.toContain('kept in');
  });

  it('is not needed: a view without it that was edited is moved aside, whole', async () => {
    const { view } = await written(format, imagesNamed(['a.jpg']));
    await rm(recordOf(view, format));
    await writeFile(join(view.outDir, 'corrected.txt'), 'by hand');
    await setTime(join(view.outDir, 'corrected.txt'), Date.now() + 60_000);
    const before = await contentOf(view.outDir);
    const notes = await formats[format].write(view);
    const [, aside] = /were edited since version 0\.1 wrote them; all of it is kept in (\S+)\./.exec(notes[0]!)!;
    const moved = await contentOf(aside!);
    expect(Object.values(moved)).toEqual(Object.values(before));
    expect(await readdir(view.outDir)).not.toContain('corrected.txt');
    expect((await formats[format].write(view)).join()).not.toContain('edited');
  });

  it('survives any number of processes that ended while they wrote', async () => {
    const random = randomNumbers(7);
    const names = Array.from({ length: 40 }, (_, i) => `${i % 4}/${i}.jpg`).sort();
    const { view } = await written(format, imagesNamed(names));
    await writeFile(join(view.outDir, formats[format].signature), 'by hand');
    for (let time = 0; time < 8; time++) {
      // Ends in the middle of listing images, when other files have been written beside the view.
      const stop = Math.floor(random() * names.length);
      const images = imagesNamed(names).map((image, i) => ({ ...image, detections: image.detections.slice(i % 2) }));
      const torn = {
        async *[Symbol.asyncIterator]() {
          yield* images.slice(0, stop);
          await Promise.reject(new Error('ended'));
        },
      };
      await expect(formats[format].write({ ...view, images: torn })).rejects.toThrow('ended');
    }
    const [note] = await formats[format].write(view);
    expect(note).toContain(`stay as they are: ${formats[format].signature}.`);
    expect(await readdir(view.outDir)).not.toContain('.preannotate-new');
  });
});

describe('a view that was stopped at any moment while files were put in their places', () => {
  const names = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'];

  /** Writes other boxes, and stops at the given question whether it may go on. @returns Whether it was stopped. */
  async function stopAt(view: View, question: number): Promise<boolean> {
    let asked = 0;
    const throwIfStopped = () => (asked++ === question ? Promise.reject(new Error('stopped')) : Promise.resolve());
    const images = imagesNamed(names).map((image) => ({ ...image, detections: image.detections.slice(1) }));
    try {
      await formats.yolo.write({ ...view, images: asyncOf(images), throwIfStopped });
      return false;
    } catch (error) {
      expect(error).toMatchObject({ message: 'stopped' });
      return true;
    }
  }

  it('keeps what the user edited and deleted, and takes none of its own files for edited ones', async () => {
    let isStopped = true;
    let question = 0;
    for (; isStopped; question++) {
      const { view } = await written('yolo', imagesNamed(names));
      const expected = await contentOf(view.outDir);
      await rm(join(view.outDir, 'labels/train/a.txt'));
      await writeFile(join(view.outDir, 'labels/train/c.txt'), 'by hand');
      isStopped = await stopAt(view, question);
      const [note] = await formats.yolo.write(view);
      expect(note).toContain('stay as they are: labels/train/a.txt (deleted), labels/train/c.txt.');
      const { [join(view.outDir, 'labels/train/a.txt')]: _, ...rest } = expected;
      expect(await contentOf(view.outDir)).toEqual({ ...rest, [join(view.outDir, 'labels/train/c.txt')]: 'by hand' });
    }
    expect(question).toBeGreaterThan(names.length);
  });
});

describe('edited labels that number classes by their places', () => {
  const classes = formats.yolo.classOrder!;

  it.each([
    ['a label file', 'labels/train/a.txt'],
    ['a label file that was put there', 'labels/train/mine.txt'],
    ['data.yaml', 'data.yaml'],
  ])('refuse another order of classes: %s', async (_what, file) => {
    const { view } = await written('yolo', imagesNamed(['a.jpg']));
    await writeFile(join(view.outDir, file), '0 0.5 0.5 0.1 0.1\n');
    const names = classes(view.ontology);
    await assertClassOrderKept(view, names);
    await assertClassOrderKept(view, [...names, 'new']);
    await expect(assertClassOrderKept(view, [...names].reverse())).rejects.toMatchObject({
      code: 'OUTPUT_UNUSABLE',
      message:
        `${view.outDir} holds edited files that number classes by their places: ${file}. ` +
        `Class 0 was "${names[0]!}" and would be "${names.at(-1)!}" now.`,
    });
    await expect(assertClassOrderKept(view, names.slice(1))).rejects.toThrow('holds edited files');
    await assertClassOrderKept({ ...view, overwriteEdited: true }, [...names].reverse());
  });

  it('are the only reason to refuse it', async () => {
    const { view } = await written('yolo', imagesNamed(['a.jpg']));
    await assertClassOrderKept(view, classes(view.ontology).reverse());
    await assertClassOrderKept({ ...view, outDir: `${view.outDir}-none` }, ['any']);
  });
});

async function setTime(path: string, timeMs: number): Promise<void> {
  await utimes(path, new Date(timeMs), new Date(timeMs));
}
