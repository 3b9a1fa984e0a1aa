import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { labelStudio } from '../../../src/formats/label-studio/label-studio.js';
import { nameOfUrl } from '../../../src/formats/reading/files/label-studio-url.js';
import { filesUnder } from '../readers.js';
import { folderOf, listBoxes, readAll, toolFile } from '../read-all.js';
import { asyncOf, imagesNamed, viewOf, written } from '../views.js';

/** A task of a full export whose annotation has one region. */
function task(region: object, image = 'a.jpg'): object {
  return { id: 1, data: { image }, annotations: [{ id: 2, result: [region] }] };
}

const value = { x: 10, y: 20, width: 30, height: 40, rotation: 0, rectanglelabels: ['car'] };
const REGION = { id: 'r1', type: 'rectanglelabels', original_width: 200, original_height: 100, value };

describe('a Label Studio view', () => {
  it('has a task for each image, which fits the labelling interface beside it', async () => {
    const { view, notes } = await written('label-studio', imagesNamed(['a b+c/ü.jpg', 'empty.jpg']));
    const lines = (await readFile(join(view.outDir, 'tasks.json'), 'utf8')).split('\n');
    expect([lines[0], ...lines.slice(-2), lines.length]).toEqual(['[', ']', '', 5]);
    const [first, second] = JSON.parse(lines.join('\n')) as [Record<string, unknown>, unknown];
    expect(first).toMatchObject({
      data: { image: '/data/local-files/?d=source/a%20b%2Bc/%C3%BC.jpg', image_name: 'a b+c/ü.jpg' },
      predictions: [{ model_version: 'builtin:emoji', score: 0.5, result: [{}, {}, {}] }],
    });
    expect((first['predictions'] as [{ result: unknown[] }])[0].result[1]).toEqual({
      id: expect.stringMatching(/^[\w-]{10}$/) as string,
      type: 'rectanglelabels',
      from_name: 'label',
      to_name: 'image',
      original_width: 640,
      original_height: 480,
      image_rotation: 0,
      value: {
        x: 0.15781,
        y: 0.42083,
        width: 46.80313,
        height: 83.11875,
        rotation: 0,
        rectanglelabels: ['ünïcode 日本 😀'],
      },
      score: 0.81234,
      meta: { text: ['b'] },
    });
    expect(second).toEqual({
      data: { image: '/data/local-files/?d=source/empty.jpg', image_name: 'empty.jpg' },
      predictions: [{ model_version: 'builtin:emoji', score: 0, result: [] }],
    });
    expect(await readFile(join(view.outDir, 'label_config.xml'), 'utf8')).toBe(`<View>
  <!-- Drafted by preannotate: the labelling interface of its tasks -->
  <Image name="image" value="$image" zoom="true" zoomControl="true"/>
  <RectangleLabels name="label" toName="image">
    <Label value="ünïcode 日本 😀" background="#d22d2d"/>
    <Label value="no" background="#2dd25d"/>
    <Label value="1e3" background="#8d2dd2"/>
  </RectangleLabels>
</View>
`);
    const root = `LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=${dirname(view.root)}, add`; // folders in it are served
    expect(notes).toEqual([expect.stringContaining(root)]);
    expect(notes[0]).toContain(`with the path ${view.root} to a project`);
  });

  it('has at most 100,000 tasks in a file', async () => {
    const view = await viewOf('label-studio', []);
    const image = { ...imagesNamed(['a.jpg'])[0]!, detections: [], stored: [] };
    const names = Array.from({ length: 100_001 }, (_, i) => `${String(i).padStart(6, '0')}.jpg`);
    const images = asyncOf(names.map((name) => ({ ...image, name })));
    await labelStudio.write({ ...view, images });
    const tasks = await Promise.all(
      ['tasks-001.json', 'tasks-002.json'].map((file) => readFile(join(view.outDir, file), 'utf8')),
    );
    const [first, second] = tasks.map((text) => JSON.parse(text) as { data: { image: string } }[]);
    expect([first!.length, second!.length]).toEqual([100_000, 1]);
    expect(second![0]!.data.image).toContain('100000.jpg');
    await labelStudio.write({ ...view, images: asyncOf([{ ...image, name: names[0]! }]) });
    const files = (await filesUnder(view.outDir)).map((path) => path.slice(view.outDir.length + 1));
    expect(files.sort()).toEqual(['label_config.xml', 'tasks.json']);
  });
});

describe('a JSON export of Label Studio', () => {
  it('is read by its latest annotations, as boxes, with notes of the rest', async () => {
    const set = await readAll(toolFile('label-studio/export.json'));
    expect(set).toMatchObject({ format: 'label-studio', classes: ['car', 'dog'], problems: [] });
    expect(listBoxes(set)).toEqual([
      'yard/a b+c.jpg: dog 10 10 50 50',
      'yard/a b+c.jpg: car 60 50 100 70',
      'yard/a b+c.jpg: car 10 10 40 40',
      'photo-1.jpg',
      'images.example.com/yard/c.jpg: dog 0 0 200 100',
    ]);
    expect(set.images[0]).toMatchObject({ id: 1, width: 200, height: 100 });
    expect(set.images[0]!.boxes[0]).toMatchObject({ id: 'Dx_aB91ISN', score: 0.81, prompt: 'a dog' });
    expect(set.notes).toEqual([
      'Without annotations, so their predictions are read: 1 task.',
      'With several annotations, of which the latest is read: 1 task.',
      'Left out, because annotators skipped them: 2 annotations.',
      'Left out, without annotations or predictions: 1 task.',
      'Bounding boxes are read for 1 polygon, 1 rotated rectangle.',
      'Left out, because they are not boxes: 1 choices result, 1 key point.',
      'Read without the digits that Label Studio puts before the names of uploaded files: 1 image name.',
    ]);
  });

  it('in its minimal form has an entry for each annotation', async () => {
    const set = await readAll(toolFile('label-studio/export-min.json'));
    expect(listBoxes(set)).toEqual(['a.jpg: dog 10 10 50 50', 'b.jpg']);
    expect(set.notes[0]).toBe('With several annotations, of which the latest is read: 1 task.');
  });

  it('of an old version has completions, and the image under another key', async () => {
    const set = await readAll(toolFile('label-studio/version-0.9.json'));
    expect(listBoxes(set)).toEqual(['a.jpg: dog 20 10 40 20']);
  });

  it('takes the size of an image from the image where no region states it', async () => {
    const { original_width: _, ...region } = REGION;
    const folder = await folderOf({ 'a.json': JSON.stringify([task(region)]), 'images/a.jpg': '' });
    const sizeOf = () => Promise.resolve({ width: 1000, height: 500 });
    const set = await readAll(folder, { sizeOf });
    expect(listBoxes(set)).toEqual(['a.jpg: car 100 100 400 300']);
    expect(set.images[0]).toMatchObject({ width: 1000, imagePath: join(folder, 'images/a.jpg') });
    expect((await readAll(folder)).problems).toEqual([
      {
        where: expect.stringMatching(/a\.json, task 1, region r1$/) as string,
        problem: 'does not state the size of its image, which is not found either',
      },
    ]);
  });
});

describe('what of an export cannot be used', () => {
  const entries: Record<string, [unknown, RegExp]> = {
    'a task that is none': [7, /a\.json, item 1: is not a task/],
    'a task without an image': [{ ...task(REGION), data: { text: 'x' } }, /task 1: has no address of an image/],
    'a data URI': [task(REGION, 'data:image/png;base64,AAAA'), /task 1: has an image without a name/],
    'a region without a label': [
      task({ ...REGION, value: { ...value, rectanglelabels: [] } }),
      /task 1, region r1: has no label/,
    ],
  };

  it.each(Object.entries(entries))('%s is reported, and costs no other task', async (_what, [entry, problem]) => {
    const good = { ...task(REGION, 'b.jpg'), id: 2 };
    const folder = await folderOf({ 'a.json': JSON.stringify([entry, good]) });
    const set = await readAll(folder, { format: 'label-studio' } as object);
    expect(listBoxes(set).at(-1)).toBe('b.jpg: car 20 20 80 60');
    expect(set.problems.map(({ where, problem }) => `${where}: ${problem}`)).toEqual([expect.stringMatching(problem)]);
  });

  it('all of it, where it is cut off or no JSON: the line is named', async () => {
    const text = JSON.stringify([task(REGION), task(REGION)], null, 1);
    const cut = await folderOf({ 'a.json': text.slice(0, -20) });
    await expect(readAll(cut)).rejects.toThrow(/a\.json: it ends in the middle/);
    const broken = await folderOf({ 'a.json': text.replace('"height": 40', '"height": forty') });
    const asked = { format: 'label-studio' } as object;
    await expect(readAll(join(broken, 'a.json'), asked)).rejects.toThrow(/a\.json:\d+: it is not JSON/);
  });

  it('is not a byte order mark, or line ends of Windows', async () => {
    const text = `\ufeff${JSON.stringify([task(REGION)], null, 2).replaceAll('\n', '\r\n')}`;
    expect(listBoxes(await readAll(await folderOf({ 'a.json': text })))).toEqual(['a.jpg: car 20 20 80 60']);
  });
});

describe('the name of an image', () => {
  it.each([
    ['/data/local-files/?d=a/b%20c.jpg', 'a/b c.jpg'],
    ['http://localhost:8080/data/local-files/?d=%2Fhome%2Fann%2Fa.jpg', 'a.jpg'],
    ['/data/upload/12/0a1b2c3d-my-photo.jpg', 'my-photo.jpg'],
    ['/data/upload/12/photo.jpg', 'photo.jpg'],
    ['upload/12/0a1b2c3d-photo.jpg', 'photo.jpg'],
    ['https://example.com/a%20b/c.jpg?token=1', 'example.com/a b/c.jpg'],
    ['s3://bucket/a/b.jpg', 'bucket/a/b.jpg'],
    ['gs://bucket/b.jpg', 'bucket/b.jpg'],
    ['https://example.com/../../etc/passwd.jpg', 'example.com/etc/passwd.jpg'],
    ['/data/local-files/?d=../../a.jpg', 'a.jpg'],
    ['photos/100%.jpg', 'photos/100%.jpg'],
  ])('of %s is %s', (address, name) => {
    expect(nameOfUrl(address)?.name).toBe(name);
  });

  it('is missing in a data URI, and in an address without a path', () => {
    expect([nameOfUrl('data:image/png;base64,AA'), nameOfUrl('https://example.com/')]).toEqual([undefined, undefined]);
  });
});
