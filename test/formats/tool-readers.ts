import { readFile, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { expect } from 'vitest';
import type { Size, Xyxy } from '../../src/core/box.js';
import { filesUnder, type ReadImage, type Source } from './readers.js';

const xml = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => ['object', 'image', 'box', 'attribute', 'label', 'Label'].includes(name),
});

/** As strict parsers read it: no control characters, a declaration. */
async function readXml<Content>(path: string): Promise<Content> {
  const text = await readFile(path, 'utf8');
  expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  expect(text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n')).toBe(true);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the package it recommends is the same code
  return xml.parse(text, true) as Content;
}

interface Named {
  readonly name: string;
  readonly value: string;
}

interface VocFile {
  readonly annotation: {
    readonly folder: string;
    readonly filename: string;
    readonly size: { readonly width: string; readonly height: string; readonly depth: string };
    readonly object?: readonly {
      readonly name: string;
      readonly difficult: string;
      readonly truncated: string;
      readonly bndbox: Record<'xmin' | 'ymin' | 'xmax' | 'ymax', string>;
      readonly attributes: { readonly attribute: readonly Named[] };
    }[];
  };
}

/** As torchvision lists images and Detectron2 converts boxes: 1 less for the first corner alone. */
export async function readVoc({ outDir, root, sizes }: Source): Promise<ReadImage[]> {
  const list = await readFile(join(outDir, 'ImageSets/Main/train.txt'), 'utf8');
  const stems = list.split(/\n|\r/).map((line) => line.trim());
  expect(stems.pop()).toBe('');
  const annotations = stems.map((stem) => join(outDir, 'Annotations', `${stem}.xml`));
  expect((await filesUnder(join(outDir, 'Annotations'))).sort()).toEqual([...annotations].sort());
  const lines = (await readFile(join(outDir, 'labelmap.txt'), 'utf8')).split('\n');
  const classes = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(':')[0]!);
  return Promise.all(
    annotations.map(async (path) => {
      const { annotation } = await readXml<VocFile>(path);
      const { folder, filename, object = [] } = annotation;
      const link = join(outDir, folder, filename);
      expect(link.slice(0, link.lastIndexOf('.')), 'images and annotations are paired by their paths').toBe(
        `${outDir}/JPEGImages/${path.slice(join(outDir, 'Annotations/').length, -'.xml'.length)}`,
      );
      const name = resolve(dirname(link), await readlink(link)).slice(root.length + 1);
      expect(await readFile(link, 'utf8')).toBe(name); // the link leads to the image, which holds its name
      const { width, height } = sizes.get(name)!;
      expect(annotation.size).toMatchObject({ width: String(width), height: String(height), depth: '3' });
      const boxes = object.map(({ name: className, bndbox, attributes, difficult, truncated }) => {
        expect(classes).toContain(className);
        const [xmin, ymin, xmax, ymax] = [bndbox.xmin, bndbox.ymin, bndbox.xmax, bndbox.ymax].map(Number);
        for (const text of [bndbox.xmin, bndbox.ymin, bndbox.xmax, bndbox.ymax]) expect(text).toMatch(/^[1-9]\d*$/);
        expect(xmin! <= xmax! && xmax! <= width && ymin! <= ymax! && ymax! <= height).toBe(true);
        expect([difficult, /^[01]$/.test(truncated)]).toEqual(['0', true]);
        const score = Number(attributes.attribute.find((attribute) => attribute.name === 'score')!.value);
        const box: Xyxy = [xmin! - 1, ymin! - 1, xmax!, ymax!];
        return { className, score, box };
      });
      return { name, boxes };
    }),
  );
}

interface CvatFile {
  readonly annotations: {
    readonly version: string;
    readonly meta: { readonly task: { readonly size: string; readonly labels: { readonly label: readonly Named[] } } };
    readonly image?: readonly {
      readonly '@id': string;
      readonly '@name': string;
      readonly '@width': string;
      readonly '@height': string;
      readonly box?: readonly ({
        readonly attribute: readonly { readonly '@name': string; readonly '#text': string }[];
      } & Record<'@label' | '@xtl' | '@ytl' | '@xbr' | '@ybr' | '@occluded' | '@z_order' | '@source', string>)[];
    }[];
  };
}

/** As CVAT loads annotations: labels and their attributes must be declared. */
export async function readCvat({ outDir, sizes }: Source): Promise<ReadImage[]> {
  const { annotations } = await readXml<CvatFile>(join(outDir, 'annotations.xml'));
  const { version, meta, image: images = [] } = annotations;
  expect([version, meta.task.size]).toEqual(['1.1', String(images.length)]);
  const labels = meta.task.labels.label.map(({ name }) => name);
  const raw = JSON.parse(await readFile(join(outDir, 'labels.json'), 'utf8')) as {
    name: string;
    attributes: Named[];
  }[];
  expect(raw.map(({ name }) => name)).toEqual(labels);
  expect(images.map((image) => image['@id'])).toEqual(images.map((_, i) => String(i)));
  return images.map((image) => {
    const name = nameHeld(image['@name'], sizes);
    expect({ width: Number(image['@width']), height: Number(image['@height']) }).toEqual(sizes.get(name));
    const boxes = (image.box ?? []).map((box) => {
      expect(labels).toContain(box['@label']);
      expect([box['@occluded'], box['@z_order'], box['@source']]).toEqual(['0', '0', 'auto']);
      const sides = [box['@xtl'], box['@ytl'], box['@xbr'], box['@ybr']];
      for (const side of sides) expect(side).toMatch(/^\d+\.\d\d$/);
      const score = Number(box.attribute.find((attribute) => attribute['@name'] === 'score')!['#text']);
      return { className: box['@label'], score, box: sides.map(Number) as unknown as Xyxy };
    });
    return { name, boxes };
  });
}

/** The image whose name XML holds: control characters are percent-encoded. */
function nameHeld(held: string, sizes: ReadonlyMap<string, Size>): string {
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;
  const names = [...sizes.keys()].filter((name) => name.replaceAll(forbidden, encodeURIComponent) === held);
  expect(names, held).toHaveLength(1);
  return names[0]!;
}

interface Task {
  readonly data: { readonly image: string; readonly image_name: string };
  readonly predictions: readonly {
    readonly score: number;
    readonly model_version: string;
    readonly result: readonly {
      readonly id: string;
      readonly type: string;
      readonly from_name: string;
      readonly to_name: string;
      readonly original_width: number;
      readonly original_height: number;
      readonly score: number;
      readonly value: {
        x: number;
        y: number;
        width: number;
        height: number;
        rotation: number;
        rectanglelabels: string[];
      };
    }[];
  }[];
}

interface LabelConfig {
  readonly View: {
    readonly Image: { readonly '@name': string; readonly '@value': string };
    readonly RectangleLabels: {
      readonly '@name': string;
      readonly '@toName': string;
      readonly Label: readonly { readonly '@value': string }[];
    };
  };
}

/** As Label Studio checks predictions against the labelling interface when they are imported. */
export async function readLabelStudio({ outDir, sizes }: Source): Promise<ReadImage[]> {
  const tasks = JSON.parse(await readFile(join(outDir, 'tasks.json'), 'utf8')) as Task[];
  const config = await readFile(join(outDir, 'label_config.xml'), 'utf8');
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the package it recommends is the same code
  const { Image: image, RectangleLabels: control } = (xml.parse(config, true) as LabelConfig).View;
  const labels = control.Label.map((label) => label['@value']);
  expect(control['@toName']).toBe(image['@name']);
  const ids = new Set<string>();
  return tasks.map(({ data, predictions }) => {
    const address = new URL(data[image['@value'].slice(1) as 'image'], 'http://localhost');
    expect(address.pathname).toBe('/data/local-files/');
    const file = address.searchParams.get('d')!; // below the document root, in a folder: others are not served
    const name = file.slice(file.indexOf('/') + 1);
    expect(data.image_name).toBe(name);
    const [{ score, result }] = predictions as [Task['predictions'][number]];
    const scores = result.map((region) => region.score);
    expect(score).toBe(scores.length === 0 ? 0 : Math.min(...scores));
    const { width, height } = sizes.get(name)!;
    const boxes = result.map(({ id, type, from_name: from, to_name: to, value, ...region }) => {
      expect([type, from, to]).toEqual(['rectanglelabels', control['@name'], image['@name']]);
      expect([region.original_width, region.original_height, value.rotation]).toEqual([width, height, 0]);
      expect(value.rectanglelabels).toHaveLength(1);
      expect(labels).toContain(value.rectanglelabels[0]);
      expect(ids.has(id)).toBe(false);
      ids.add(id);
      const sides = [value.x, value.y, value.x + value.width, value.y + value.height];
      expect(Math.min(value.x, value.y) >= 0 && Math.max(...sides) <= 100 + 1e-9).toBe(true);
      const [x1, y1, x2, y2] = sides.map((side, i) => (side / 100) * (i % 2 === 0 ? width : height));
      return { className: value.rectanglelabels[0]!, score: region.score, box: [x1!, y1!, x2!, y2!] as Xyxy };
    });
    return { name, boxes };
  });
}

interface LabelmeFile {
  readonly version: string;
  readonly flags: object;
  readonly imagePath: string;
  readonly imageData: null;
  readonly imageWidth: number;
  readonly imageHeight: number;
  readonly shapes: readonly {
    readonly label: string;
    readonly score: number;
    readonly points: readonly (readonly [number, number])[];
    readonly shape_type: string;
    readonly group_id: null;
    readonly flags: object;
  }[];
}

/** As X-AnyLabeling opens it: of the image's path, only the last part counts. */
export async function readLabelme({ outDir, root, sizes }: Source): Promise<ReadImage[]> {
  const files = (await filesUnder(outDir)).filter((path) => path.endsWith('.json'));
  return Promise.all(
    files.map(async (path) => {
      const labels = JSON.parse(await readFile(path, 'utf8')) as LabelmeFile;
      const link = join(dirname(path), labels.imagePath);
      expect(link.slice(0, link.lastIndexOf('.'))).toBe(path.slice(0, -'.json'.length));
      expect(labels.imagePath).not.toContain('/');
      const name = resolve(dirname(link), await readlink(link)).slice(root.length + 1);
      expect(await readFile(link, 'utf8')).toBe(name); // the link leads to the image, which holds its name
      expect({ width: labels.imageWidth, height: labels.imageHeight }).toEqual(sizes.get(name));
      expect([labels.imageData, labels.flags, labels.version.split('.')[0]]).toEqual([null, {}, '5']);
      const boxes = labels.shapes.map(({ label, score, points, shape_type: type, group_id: group, flags }) => {
        expect([type, group, flags, points.length]).toEqual(['rectangle', null, {}, 2]);
        return { className: label, score, box: points.flat() as unknown as Xyxy };
      });
      return { name, boxes };
    }),
  );
}
