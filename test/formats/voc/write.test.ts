import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toInclusive } from '../../../src/formats/voc/boxes.js';
import { voc } from '../../../src/formats/voc/voc.js';
import { filesUnder } from '../readers.js';
import { imagesNamed, viewOf, written } from '../views.js';

describe('a Pascal VOC view', () => {
  it('has an XML file for each image, with 1-based whole pixels', async () => {
    const { view } = await written('voc', imagesNamed(['sub/a.jpg']));
    const prompt = 'a &quot;quoted&quot; prompt';
    const objects = [
      objectOf('no', [1, 1, 640, 480], { score: 0.9, prompt, truncated: 1 }),
      objectOf('ünïcode 日本 😀', [2, 3, 301, 401], { score: 0.81234, prompt: 'b', truncated: 0 }),
      objectOf('no', [640, 480, 640, 480], { score: 0.5, prompt, truncated: 1 }),
    ];
    expect(await readFile(join(view.outDir, 'Annotations/sub/a.xml'), 'utf8'))
      .toBe(`<?xml version="1.0" encoding="UTF-8"?>
<annotation>
  <folder>JPEGImages</folder>
  <filename>sub/a.jpg</filename>
  <source>
    <database>Unknown</database>
    <annotation>1-based inclusive pixels, drafted by preannotate</annotation>
    <image>Unknown</image>
  </source>
  <size>
    <width>640</width>
    <height>480</height>
    <depth>3</depth>
  </size>
  <segmented>0</segmented>
${objects.join('')}</annotation>
`);
  });

  it('lists images and classes, and says what readers need to know', async () => {
    const { view, notes } = await written('voc', imagesNamed(['a.jpg', 'a.png', 'b/ c.jpg']));
    const files = (await filesUnder(view.outDir)).map((path) => path.slice(view.outDir.length + 1));
    expect(files.sort()).toEqual([
      'Annotations/a.xml',
      'Annotations/a__png.xml',
      'Annotations/b/ c.xml',
      'ImageSets/Main/train.txt',
      'JPEGImages/a.jpg',
      'JPEGImages/a__png.png',
      'JPEGImages/b/ c.jpg',
      'labelmap.txt',
    ]);
    expect(await readFile(join(view.outDir, 'ImageSets/Main/train.txt'), 'utf8')).toBe('a\na__png\nb/ c\n');
    expect(await readFile(join(view.outDir, 'labelmap.txt'), 'utf8')).toBe(
      '# label:color_rgb:parts:actions\n# drafted by preannotate\nünïcode 日本 😀:::\nno:::\n1e3:::\n',
    );
    expect(await readFile(join(view.outDir, 'Annotations/a__png.xml'), 'utf8')).toContain('<path>a.png</path>');
    expect(notes).toEqual([
      'voc: 1 image called "…__<extension>" in voc/, because the name of another one differs only by extension or ' +
        'capitals.',
    ]);
  });

  it('holds class names with markup, and leaves out of the label map what it cannot name', async () => {
    const view = await viewOf('voc', imagesNamed(['a.jpg']));
    const [, ...rest] = view.ontology.classes;
    const ontology = {
      ...view.ontology,
      classes: [{ ...view.ontology.classes[0]!, name: '<a> & "b": \'c\'' }, ...rest],
    };
    const notes = await voc.write({ ...view, ontology, imageFiles: 'none' });
    expect(await readFile(join(view.outDir, 'Annotations/a.xml'), 'utf8')).toContain(
      `<name>&lt;a&gt; &amp; &quot;b&quot;: 'c'</name>`,
    );
    expect(await readFile(join(view.outDir, 'labelmap.txt'), 'utf8')).not.toMatch(/^<a>/m);
    expect(notes.join('\n')).toMatch(/labelmap\.txt cannot name "<a> & "b": 'c'".*CVAT and Datumaro refuse/);
    expect(notes.join('\n')).toContain('voc/JPEGImages is not written (--images none), but training programs');
  });
});

describe('whole pixels', () => {
  const size = { width: 10, height: 10 };

  it('are the nearest to a box, and never none', () => {
    expect(toInclusive([0, 0, 10, 10], size)).toEqual([1, 1, 10, 10]);
    expect(toInclusive([0.4, 0.6, 9.6, 9.4], size)).toEqual([1, 2, 10, 9]);
    expect(toInclusive([5.5, 5.5, 5.51, 5.51], size)).toEqual([6, 6, 6, 6]);
    expect(toInclusive([9.99, 0, 10, 0.01], size)).toEqual([10, 1, 10, 1]);
  });
});

function objectOf(name: string, box: number[], { score, prompt, truncated }: Record<string, unknown>): string {
  const [xmin, ymin, xmax, ymax] = box;
  return `  <object>
    <name>${name}</name>
    <pose>Unspecified</pose>
    <truncated>${String(truncated)}</truncated>
    <difficult>0</difficult>
    <bndbox>
      <xmin>${xmin}</xmin>
      <ymin>${ymin}</ymin>
      <xmax>${xmax}</xmax>
      <ymax>${ymax}</ymax>
    </bndbox>
    <attributes>
      <attribute>
        <name>score</name>
        <value>${String(score)}</value>
      </attribute>
      <attribute>
        <name>prompt</name>
        <value>${String(prompt)}</value>
      </attribute>
    </attributes>
  </object>
`;
}
