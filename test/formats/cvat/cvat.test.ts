import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataSet } from '../../../src/data-set/open.js';
import { folderOf, listBoxes, readAll, toolFile } from '../read-all.js';
import { imagesNamed, written } from '../views.js';

const sizeOf = () => Promise.resolve(undefined);

/** A file of CVAT with the label `car`. */
function file(images: string, labels = '<label><name>car</name></label>'): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version>
<meta><task><labels>${labels}</labels></task></meta>
${images}
</annotations>`;
}

const IMAGE = '<image id="0" name="a.jpg" width="200" height="100">';
const BOX = '<box label="car" xtl="1" ytl="2" xbr="3" ybr="4"/>';

describe('a CVAT view', () => {
  it('is one XML file with images in the order of their names, and declares the attributes of its labels', async () => {
    const { view, notes } = await written('cvat', imagesNamed(['a.jpg', 'b/"c".jpg']));
    const text = await readFile(join(view.outDir, 'annotations.xml'), 'utf8');
    expect(text.slice(0, text.indexOf('<label>'))).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<!-- Drafted by preannotate, to be corrected by people -->
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <name>preannotate</name>
      <size>2</size>
      <mode>annotation</mode>
      <overlap>0</overlap>
      <labels>
        `);
    expect(text.match(/<label>\s*<name>.*<\/name>/g)).toHaveLength(3);
    expect(text.slice(text.indexOf('  <image'))).toBe(`  <image id="0" name="a.jpg" width="640" height="480">
    <box label="no" source="auto" occluded="0" xtl="0.00" ytl="0.00" xbr="640.00" ybr="480.00" z_order="0">
      <attribute name="score">0.9</attribute>
      <attribute name="prompt">a &quot;quoted&quot; prompt</attribute>
    </box>
    <box label="ünïcode 日本 😀" source="auto" occluded="0" xtl="1.01" ytl="2.02" xbr="300.55" ybr="400.99" z_order="0">
      <attribute name="score">0.81234</attribute>
      <attribute name="prompt">b</attribute>
    </box>
    <box label="no" source="auto" occluded="0" xtl="639.99" ytl="479.99" xbr="640.00" ybr="480.00" z_order="0">
      <attribute name="score">0.5</attribute>
      <attribute name="prompt">a &quot;quoted&quot; prompt</attribute>
    </box>
  </image>
  <image id="1" name="b/&quot;c&quot;.jpg" width="641" height="480">
  </image>
</annotations>
`);
    const [first] = JSON.parse(await readFile(join(view.outDir, 'labels.json'), 'utf8')) as unknown[];
    const attribute = { mutable: false, input_type: 'text', default_value: '', values: [''] };
    expect(first).toEqual({
      name: 'ünïcode 日本 😀',
      attributes: [
        { name: 'score', ...attribute },
        { name: 'prompt', ...attribute },
      ],
    });
    expect(notes).toEqual([expect.stringMatching(/^cvat\/labels\.json declares the labels .*"Raw"/)]);
  });
});

describe('CVAT for images 1.1', () => {
  it('of a task: boxes as they are, boxes around other shapes with an area, and notes of the rest', async () => {
    const set = await readAll(toolFile('cvat/task.xml'));
    expect(set).toMatchObject({ format: 'cvat', problems: [] });
    expect(set.classes).toEqual(['dog', '<car> "used", blue', 'person', 'hand']);
    expect(listBoxes(set)).toEqual([
      'a.jpg: dog 10.5 20.25 50 100',
      'a.jpg: <car> "used", blue 0 0 200 99.99',
      'yard/b.png: dog 90 30 110 70',
      'yard/b.png: dog 10 5 30.5 40',
      'yard/b.png: dog 40 45 60 55',
      'yard/b.png: dog 20 30 24 33',
      'yard/empty.jpg',
    ]);
    expect(set.images[0]).toMatchObject({ id: 0, width: 200, height: 100, line: 72 });
    expect(set.images[0]!.boxes[0]).toMatchObject({ score: 0.8125, prompt: 'a dog', line: 73 });
    expect(set.images[1]!.boxes[0]).not.toHaveProperty('score');
    expect(set.notes).toEqual([
      'Bounding boxes are read for 1 ellipse, 1 mask, 1 polygon, 1 rotated box.',
      'Left out, because they are not boxes: 1 points, 1 polyline, 1 skeleton, 1 tag.',
    ]);
  });

  it('of a project: its subsets are parts', async () => {
    const set = await readAll(toolFile('cvat/project.xml'));
    expect(set.images.map(({ name, part }) => [name, part])).toEqual([
      ['a.jpg', 'train'],
      ['b.jpg', 'val'],
      ['c.jpg', undefined],
    ]);
  });

  it('of a folder: annotations.xml, with the images in images/ or in a subset of it', async () => {
    const folder = await folderOf({
      'annotations.xml': file(`${IMAGE}</image><image id="1" name="b.jpg" subset="Train"></image>`),
      'images/a.jpg': '',
      'images/Train/b.jpg': '',
    });
    const { images } = await readAll(folder, {
      sizeOf: ({ name }) => Promise.resolve({ width: name.length, height: 1 }),
    });
    expect(images.map(({ imagePath }) => imagePath)).toEqual([
      join(folder, 'images/a.jpg'),
      join(folder, 'images/Train/b.jpg'),
    ]);
    expect(images.map(({ width }) => width)).toEqual([200, 5]);
  });

  it('of a video is refused, with what to export in its place', async () => {
    await expect(openDataSet(toolFile('cvat/video.xml'), { sizeOf }).then(drain)).rejects.toMatchObject({
      code: 'DATA_SET_INVALID',
      message: expect.stringMatching(/video\.xml:23: it has the tracks of a video\.$/) as string,
      hint: expect.stringContaining('CVAT for images 1.1') as string,
    });
  });

  it('without declared labels has those of its boxes', async () => {
    const folder = await folderOf({ 'a.xml': file(`${IMAGE}${BOX}</image>`, '') });
    expect((await readAll(folder)).classes).toEqual(['car']);
  });
});

describe('what of a CVAT file cannot be used', () => {
  const entries: Record<string, [string, RegExp]> = {
    'a box without a label': [BOX.replace('label="car"', ''), /a\.xml:4: the box in image "a\.jpg" has no label$/],
    'a label that is not declared': [
      BOX.replace('car', 'bus'),
      /a\.xml:4: .* has the label "bus", which <meta> does not/,
    ],
    'a coordinate that is missing': [BOX.replace('xtl="1"', ''), /a\.xml:4: .* has no coordinates that are numbers/],
    'a coordinate that is no number': [BOX.replace('"3"', '"1e999"'), /has no coordinates that are numbers/],
    'a polygon without points': ['<polygon label="car" points=""/>', /the polygon .* has no coordinates/],
  };

  it.each(Object.entries(entries))('%s is reported, and costs nothing else', async (_what, [shape, problem]) => {
    const folder = await folderOf({ 'a.xml': file(`${IMAGE}${shape}${BOX}</image><image id="1" name=""></image>`) });
    const set = await readAll(folder);
    expect(listBoxes(set)).toEqual(['a.jpg: car 1 2 3 4']);
    expect(set.problems.map(({ where, problem }) => `${where}: ${problem}`)).toEqual([
      expect.stringMatching(problem),
      expect.stringMatching(/a\.xml:4: image 1 has no name/),
    ]);
  });

  const files: Record<string, [string | Buffer, RegExp]> = {
    'it is cut off': [file(`${IMAGE}${BOX}`).slice(0, -20), /a\.xml:\d: it is not well-formed XML/],
    'it has a document type': [
      file('').replace('<annotations>', '<!DOCTYPE x [<!ENTITY a "b">]><annotations>'),
      /a\.xml:2: it has a document type, which is not read because it can define entities/,
    ],
    'it uses an entity that XML does not have': [
      file('&nbsp;'),
      /a\.xml:4: it is not well-formed XML \(undefined entity/,
    ],
    'it is not in the encoding it declares': [
      Buffer.from(file('<image id="0" name="\u00fc.jpg"></image>'), 'latin1'),
      /a\.xml:\d: it is not UTF-8 throughout/,
    ],
    'it nests elements without end': [file('<x>'.repeat(100)), /it nests elements more than 64 deep/],
    'an attribute has 100 MB': [
      file(`<image id="0" name="${'x'.repeat(100 << 20)}"></image>`),
      /it has a tag, text or comment of more than 64 MiB/,
    ],
  };

  it.each(Object.entries(files))('all of it, because %s', async (_why, [content, message]) => {
    const folder = await folderOf({ 'a.xml': content });
    await expect(readAll(folder)).rejects.toMatchObject({
      code: 'DATA_SET_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is not the line ends of Windows, or a byte order mark', async () => {
    const folder = await folderOf({ 'a.xml': `\ufeff${file(`${IMAGE}${BOX}</image>`).replaceAll('\n', '\r\n')}` });
    expect(listBoxes(await readAll(folder))).toEqual(['a.jpg: car 1 2 3 4']);
  });
});

async function drain({ images }: { images: AsyncIterable<unknown> }): Promise<void> {
  for await (const _ of images);
}
