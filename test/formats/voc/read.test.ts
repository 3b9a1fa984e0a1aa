import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataSet } from '../../../src/data-set/open.js';
import { folderOf, listBoxes, readAll, toolFile } from '../read-all.js';

const sizeOf = () => Promise.resolve(undefined);

/** The XML of an image of 200 by 100 pixels with a box. */
function annotation(box: readonly (number | string)[], { source = 'Unknown', file = 'a.jpg' } = {}): string {
  const [xmin, ymin, xmax, ymax] = box;
  return `<annotation><filename>${file}</filename><source><annotation>${source}</annotation></source>
<size><width>200</width><height>100</height></size>
<object><name>car</name><bndbox>
<xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object></annotation>`;
}

describe('Pascal VOC as other tools write it', () => {
  it('of LabelImg: beside the images, with paths of Windows, names without endings and sizes of 0', async () => {
    const set = await readAll(toolFile('labelimg'), { sizeOf: () => Promise.resolve({ width: 7, height: 5 }) });
    expect(set).toMatchObject({ format: 'voc', classes: ['car', 'dog & cat'], problems: [] });
    expect(listBoxes(set)).toEqual([
      'photos/a.jpg: car 0 10 50 60',
      'photos/a.jpg: dog & cat 60 20 200 100',
      'photos/b',
    ]);
    expect(set.images.map(({ width, height }) => [width, height])).toEqual([
      [200, 100],
      [7, 5],
    ]);
    expect(set.images[0]!.boxes.map(({ line }) => line)).toEqual([14, 26]);
    expect(set.notes).toEqual([
      'The boxes are taken as 1-based, with the last pixel included: none of 2 has a coordinate below 1 or a fraction.',
      'Read as the others are: 1 object marked as difficult.',
    ]);
  });

  it('of CVAT and Datumaro: 0-based with fractions, parts, a label map, scores', async () => {
    const set = await readAll(toolFile('cvat-voc'));
    expect(set.classes).toEqual(['dog', 'car']);
    expect(listBoxes(set)).toEqual(['a.jpg', 'yard/b.jpg: dog 10.5 20.25 50 99.75']);
    expect(set.images.map(({ part }) => part)).toEqual(['train', 'train']);
    expect(set.images[1]!.boxes[0]!.score).toBe(0.75);
    expect(set.notes).toEqual([
      'The boxes are taken as 0-based, with the second corner outside: Annotations/yard/b.xml:15 has fractions of ' +
        'pixels.',
    ]);
  });

  it('of Roboflow: a folder for each part', async () => {
    const set = await readAll(toolFile('roboflow-voc'));
    expect(listBoxes(set)).toEqual(['train/a_jpg.rf.0f1e2d.jpg: car 0 10 40 50', 'valid/b_png.rf.aabbcc.jpg']);
    expect(set.images.map(({ part }) => part)).toEqual(['train', 'val']);
  });

  it('of Label Studio: 0-based, which a coordinate of 0 shows', async () => {
    const set = await readAll(toolFile('label-studio-voc'));
    expect(listBoxes(set)).toEqual(['3f2a9c1b-a.jpg: car 0 10 50 60']);
    expect(set.notes).toEqual([
      'The boxes are taken as 0-based, with the second corner outside: Annotations/3f2a9c1b-a.xml:22 has a ' +
        'coordinate below 1.',
    ]);
  });

  it('of supervision: 1 is added to all four numbers, which one outside the image shows', async () => {
    const set = await readAll(toolFile('supervision-voc'));
    expect(listBoxes(set)).toEqual(['a.jpg: car 100 10 200 60']);
    expect(set.notes[0]).toContain('1-based, with the second corner outside: a.xml:13 ends one pixel outside the');
  });

  it('of Pascal VOC itself: 1-based as it states, despite fractions; parts of objects are left out', async () => {
    const set = await readAll(toolFile('pascal-voc'));
    expect(listBoxes(set)).toEqual(['2012_000001.jpg: person 44.7 10 120 100', '2012_000002.jpg: dog 0 0 200 100']);
    expect(set.images.map(({ part }) => part)).toEqual(['train', 'val']);
    expect(set.notes).toEqual([
      'The boxes are 1-based, with the last pixel included, as "source/annotation" states.',
      'Left out: 1 part of objects, such as heads and hands.',
    ]);
  });

  it('finds the images where they are: beside the XML, in JPEGImages, below the folder that is named', async () => {
    const folder = await folderOf({
      'set/Annotations/a.xml': annotation([1, 1, 2, 2]),
      'set/JPEGImages/a.jpg': '',
      'set/Annotations/sub/b.xml': annotation([1, 1, 2, 2], { file: 'b' }),
      'set/Annotations/sub/b.png': '',
      'set/Annotations/sub/c.xml': annotation([1, 1, 2, 2], { file: 'C:\\photos\\c.jpg' }),
      'photos/sub/c.jpg': '',
    });
    const { images } = await readAll(join(folder, 'set'), { imagesRoot: join(folder, 'photos') });
    expect(images.map(({ name, imagePath }) => [name, imagePath])).toEqual([
      ['a.jpg', join(folder, 'set/JPEGImages/a.jpg')],
      ['sub/b.png', join(folder, 'set/Annotations/sub/b.png')],
      ['sub/c.jpg', join(folder, 'photos/sub/c.jpg')],
    ]);
  });

  it('files that state how they count are read so, whatever the others show', async () => {
    const folder = await folderOf({
      'Annotations/a.xml': annotation([0, 0, 10, 10]),
      'Annotations/b.xml': annotation([1, 1, 10, 10], { source: 'PASCAL VOC2007', file: 'b.jpg' }),
    });
    const set = await readAll(folder);
    expect(listBoxes(set)).toEqual(['a.jpg: car 0 0 10 10', 'b.jpg: car 0 0 10 10']);
    expect(set.notes).toHaveLength(2);
  });
});

describe('a VOC file that cannot be used', () => {
  const broken: Record<string, [string | Uint8Array, RegExp]> = {
    'is cut off': [annotation([1, 1, 2, 2]).slice(0, 200), /b\.xml:\d: it is not well-formed XML \(unclosed tag: .*\)/],
    'is empty': ['', /b\.xml:1: it is not well-formed XML/],
    'has another root': ['<other/>', /b\.xml:1: its root element is <other>, not <annotation>/],
    'has a coordinate that is no number': [annotation([1, 'x', 2, 2]), /b\.xml:3: ymin is "x", not a number/],
    'has an object without a name': [annotation([1, 1, 2, 2]).replace('car', ' '), /b\.xml:3: the object has no name/],
    'has no xmax': [annotation([1, 1, 2, 2]).replace(/<xmax>.*<\/xmax>/, ''), /b\.xml:3: the box has no xmax/],
    'is an entity bomb': [
      `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><annotation>&b;</annotation>`,
      /b\.xml:1: it has a document type/,
    ],
    'names an external entity': [
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>`,
      /b\.xml:1: it has a document type/,
    ],
    'is not UTF-8': [Buffer.from(annotation([1, 1, 2, 2]).replace('car', 'voit\u00fcre'), 'latin1'), /it is not UTF-8/],
    'declares an unknown encoding': [
      `<?xml version="1.0" encoding="x-mine"?>${annotation([1, 1, 2, 2])}`,
      /it declares the encoding "x-mine", which is not known/,
    ],
    'nests a million elements': ['<annotation>'.repeat(1_000_000), /it nests elements more than 64 deep/],
  };

  it.each(Object.entries(broken))(
    'because it %s is reported, and costs no other image',
    async (_why, [text, problem]) => {
      const folder = await folderOf({ 'a.xml': annotation([1, 1, 10, 10]), 'b.xml': text });
      const set = await readAll(folder);
      expect(listBoxes(set)).toEqual(['a.jpg: car 0 0 10 10']);
      expect(set.problems.map(({ where, problem }) => `${where}: ${problem}`)).toEqual([
        expect.stringMatching(problem),
      ]);
      await expect(openDataSet(folder, { sizeOf })).rejects.toMatchObject({ code: 'DATA_SET_INVALID' });
    },
  );

  it('is not one in another encoding that it declares, with a byte order mark, or with CRLF', async () => {
    const text = annotation([1, 1, 10, 10]).replace('car', 'Stra\u00dfe').replaceAll('\n', '\r\n');
    const folder = await folderOf({
      'bom.xml': `\ufeff${text}`,
      'latin.xml': Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${text}`, 'latin1'),
      'utf16.xml': Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${text}`, 'utf16le'),
    });
    const { classes, images } = await readAll(folder);
    expect(classes).toEqual(['Stra\u00dfe']);
    expect(images).toHaveLength(3);
  });
});
