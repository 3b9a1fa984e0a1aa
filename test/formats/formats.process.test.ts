import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ViewImage } from '../../src/core/image.js';
import { compareUtf8 } from '../../src/core/text.js';
import { openDataSet } from '../../src/data-set/open.js';
import type { View } from '../../src/formats/format.js';
import { formatNames, formats, type FormatName } from '../../src/formats/index.js';
import { ROOT, SHARED } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';
import { expectReadBack } from './read-back.js';
import { filesUnder, strictReaders, type ReadImage } from './readers.js';
import { asyncOf, imagesNamed, type LocalView, oddImage, oddNames, ontology, randomNumbers, written } from './views.js';

const CORPUS_NAMES = join(SHARED, 'corpus/odd-names.json');

describe.each(formatNames)('%s', (format) => {
  it.each([1, 2, 3])('gives readers what was selected, for odd names and boxes (seed %i)', async (seed) => {
    const random = randomNumbers(seed);
    const images = oddNames(80, random).map((name, i) => oddImage(name, i + 1, random));
    const { view } = await written(format, images);
    await expectRead(format, view, images);
  });

  it.skipIf(!existsSync(CORPUS_NAMES))(
    'keeps the names of the corpus of odd names (skipped where it is absent)',
    async () => {
      const { names } = JSON.parse(readFileSync(CORPUS_NAMES, 'utf8')) as {
        names: { name?: string; expected: string }[];
      };
      const decoded = names.flatMap(({ name, expected }) =>
        name !== undefined && expected.startsWith('decode') ? [name] : [],
      );
      const possible = decoded.filter((name) => name.split('/').every((part) => Buffer.byteLength(part) <= 255));
      expect(possible.length).toBeGreaterThan(10);
      const images = imagesNamed(possible);
      const { view } = await written(format, images);
      await expectRead(format, view, images);
    },
  );

  it('gives the same bytes when written again, and leaves nothing of an earlier view', async () => {
    const { view } = await written(format, imagesNamed(['a.jpg', 'b/a.jpg', 'b/c.png']));
    const before = await contentOf(view.outDir);
    await formats[format].write({ ...view, images: asyncOf(imagesNamed(['a.jpg', 'b/b.jpg', 'z/z.jpg'])) });
    await formats[format].write(view);
    expect(await contentOf(view.outDir)).toEqual(before);
    expect(await readdir(dirname(view.outDir))).toEqual(['.preannotate', format]);
  });

  it('is a valid file without any image', async () => {
    const { view } = await written(format, []);
    await expectRead(format, view, []);
  });

  it('leaves the earlier view as it was when the journal cannot be read to its end', async () => {
    const { view } = await written(format, imagesNamed(['a.jpg', 'b.jpg']));
    const before = await contentOf(view.outDir);
    const torn: View = {
      ...view,
      images: {
        async *[Symbol.asyncIterator]() {
          yield* imagesNamed(['a.jpg']);
          await Promise.reject(new Error('line 3 is damaged'));
        },
      },
    };
    await expect(formats[format].write(torn)).rejects.toThrow('line 3 is damaged');
    expect(await contentOf(view.outDir)).toEqual(before);
    expect(await readdir(dirname(view.outDir))).toEqual(['.preannotate', format]);
  });

  it('never holds all images: 500,000 boxes are written with a heap that cannot hold them', async () => {
    expect(await writesMany(format, 'images')).toBe(0);
  });
});

it('the heap in which no format holds all images is too small for them', async () => {
  expect(await writesMany('csv', 'await hold(images)')).not.toBe(0);
});

/** By our own reader, and by a strict one where there is one: what that gets is the same. */
async function expectRead(
  format: FormatName,
  { outDir, root }: LocalView,
  images: readonly ViewImage[],
): Promise<void> {
  await expectReadBack(format, outDir, { ontology, images });
  const sizes = new Map(images.map(({ name, width, height }) => [name, { width, height }]));
  const strict = await strictReaders[format]?.({ outDir, root, sizes });
  if (strict === undefined) return;
  const read = await openDataSet(outDir, { sizeOf: ({ name }) => Promise.resolve(sizes.get(name)) });
  const ours: ReadImage[] = [];
  for await (const { name, boxes } of read.images)
    ours.push({ name, boxes: boxes.map(({ className, score, box }) => ({ className, score: score!, box })) });
  const byName = (a: ReadImage, b: ReadImage) => compareUtf8(a.name, b.name);
  expect(strict.sort(byName)).toEqual(ours.sort(byName));
}

async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = (await filesUnder(folder)).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const)),
  );
}

/** Writes many images in a process with little memory. @returns Its exit code, or the signal that ended it. */
async function writesMany(format: FormatName, shown: string): Promise<unknown> {
  const folder = await temporaryFolder();
  const script = `
    import { formats } from ${JSON.stringify(pathToFileURL(join(ROOT, 'dist/formats/index.js')).href)};
    const box = (i, k) => [k, i % 100, k + 20.5 + (i % 50) / 100, (i % 100) + 30.25];
    const detection = (i, k) => ({ classId: 0, queryId: 0, score: 0.5, box: box(i, k) });
    const images = { async *[Symbol.asyncIterator]() {
      for (let i = 0; i < 2000; i++) {
        const detections = Array.from({ length: 250 }, (_, k) => detection(i, k));
        const name = 'f' + (i % 10) + '/' + i + '.jpg';
        yield { id: i + 1, name, width: 640, height: 480, detections, stored: detections, sizeBytes: 1, sha256: '' };
      }
    } };
    async function hold(all) {
      images.held = [];
      for await (const image of all) images.held.push(image);
      return images.held;
    }
    const ontology = { templates: [], ignore: [], classes: [{ name: 'a', id: 1, prompts: ['a'] }],
      queries: [{ prompt: 'a', texts: ['a'], classId: 0 }] };
    const provenance = { version: '1', model: 'm', modelSha256: '', year: 2026 };
    const outDir = ${JSON.stringify(join(folder, format))};
    await formats[${JSON.stringify(format)}].write({ images: ${shown}, ontology, root: '/', outDir, provenance,
      imageFiles: 'symlink', overwriteEdited: false, throwIfStopped: async () => {} });`;
  const args = ['--max-old-space-size=32', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'ignore' });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? signal;
}
