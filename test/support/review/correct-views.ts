import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { xyxyToXywh, type Xywh, type Xyxy } from '../../../src/core/box.js';

/** What a person does to an image in another program: to its first three boxes, and one more. */
export interface Corrections {
  readonly image: string; // its first box is deleted
  readonly size: { readonly width: number; readonly height: number };
  readonly className: string; // that the second box gets, and the one that is drawn
  readonly widenPx: number; // to the right, for the third box
  readonly drawn: Xyxy;
}

/** A list of boxes as a format has them. */
interface BoxList<Entry> {
  readonly entries: readonly Entry[];
  readonly rename: (entry: Entry) => Entry;
  readonly widen: (entry: Entry) => Entry;
  readonly draw: (entry: Entry) => Entry; // like another one of its class
}

function correct<Entry>({ entries, rename, widen, draw }: BoxList<Entry>): Entry[] {
  const [, second, third, ...others] = entries;
  const renamed = rename(second!);
  return [renamed, widen(third!), ...others, draw(renamed)];
}

const widened = ([x, y, width, height]: Xywh, px: number): Xywh => [x, y, width + px, height];

const edit = async (file: string, change: (text: string) => string) =>
  await writeFile(file, change(await readFile(file, 'utf8')));

/** @param change - Of what the file holds. */
const editJson = async (file: string, change: (content: never) => unknown) =>
  await edit(file, (text) => JSON.stringify(change(JSON.parse(text) as never)));

interface Coco {
  images: { id: number; file_name: string }[];
  categories: { id: number; name: string }[];
  annotations: { id: number; image_id: number; category_id: number; bbox: Xywh }[];
}

interface Task {
  data: { image_name: string };
  predictions?: { result: Region[] }[];
  annotations?: { id: number; result: Region[] }[];
}

interface Region {
  id: string;
  score?: number;
  value: { x: number; y: number; width: number; height: number; rectanglelabels: [string] };
}

interface LabelMe {
  shapes: { label: string; points: [[number, number], [number, number]] }[];
}

interface Entry {
  file_name: string;
  objects: { bbox: Xywh[]; category: number[] } & Record<string, unknown[]>;
}

/** What a person does in a program that exports a format, by format. Each changes the files of a view. */
export const CORRECT: Readonly<Record<string, (folder: string, corrections: Corrections) => Promise<void>>> = {
  coco: (folder, { image, className, widenPx, drawn }) =>
    editJson(join(folder, 'instances.json'), (set: Coco) => {
      const { id: imageId } = set.images.find(({ file_name: name }) => name === image)!;
      const { id: classId } = set.categories.find(({ name }) => name === className)!;
      const own = set.annotations.filter((one) => one.image_id === imageId);
      const corrected = correct({
        entries: own,
        rename: (one) => ({ ...one, category_id: classId }),
        widen: (one) => ({ ...one, bbox: widened(one.bbox, widenPx) }),
        draw: (one) => ({ ...one, id: 1000, bbox: xyxyToXywh(drawn) }),
      });
      return { ...set, annotations: [...set.annotations.filter((one) => one.image_id !== imageId), ...corrected] };
    }),

  yolo: async (folder, { image, size, className, widenPx, drawn: [x1, y1, x2, y2] }) => {
    const names = (await readFile(join(folder, 'classes.txt'), 'utf8')).trim().split('\n');
    const number = String(names.indexOf(className));
    await edit(join(folder, 'labels/train', image.replace('.jpg', '.txt')), (text) => {
      const rows = text.trim().split('\n');
      const corrected = correct({
        entries: rows.map((row) => row.split(' ')),
        rename: ([, ...box]) => [number, ...box],
        widen: ([id, cx, cy, width, height]) => {
          const more = widenPx / size.width;
          return [id!, (Number(cx) + more / 2).toFixed(6), cy!, (Number(width) + more).toFixed(6), height!];
        },
        draw: ([id]) =>
          [
            id!,
            ...[(x1 + x2) / 2 / size.width, (y1 + y2) / 2 / size.height],
            ...[(x2 - x1) / size.width, (y2 - y1) / size.height],
          ].map(String),
      });
      return `${corrected.map((row) => row.join(' ')).join('\n')}\n`;
    });
  },

  voc: (folder, { image, className, widenPx, drawn }) =>
    edit(join(folder, 'Annotations', image.replace('.jpg', '.xml')), (text) => {
      const place = (xml: string, key: string, change: (value: number) => number) =>
        xml.replace(new RegExp(`<${key}>(\\d+)<`), (_, value: string) => `<${key}>${change(Number(value))}<`);
      const corrected = correct({
        entries: text.match(/ {2}<object>.*?<\/object>\n/gs)!,
        rename: (xml) => xml.replace(/<name>.*?</, `<name>${className}<`),
        widen: (xml) => place(xml, 'xmax', (value) => value + widenPx),
        draw: (xml) =>
          ['xmin', 'ymin', 'xmax', 'ymax'].reduce((sum, key, i) => {
            return place(sum, key, () => drawn[i]! + (i < 2 ? 1 : 0));
          }, xml),
      });
      return text.replace(/ {2}<object>.*<\/object>\n/s, corrected.join(''));
    }),

  cvat: (folder, { image, className, widenPx, drawn }) =>
    edit(join(folder, 'annotations.xml'), (text) => {
      const set = (xml: string, key: string, value: string) =>
        xml.replace(new RegExp(`${key}="[^"]*"`), `${key}="${value}"`);
      const valueOf = (xml: string, key: string) => Number(new RegExp(`${key}="([^"]*)"`).exec(xml)![1]);
      return text.replace(
        new RegExp(`(<image [^>]*name="${image}".*?>\n)(.*?)( *</image>)`, 's'),
        (_, start, boxes, end) => {
          const corrected = correct({
            entries: (boxes as string).match(/ *<box .*?<\/box>\n/gs)!,
            rename: (xml) => set(xml, 'label', className),
            widen: (xml) => set(xml, 'xbr', (valueOf(xml, 'xbr') + widenPx).toFixed(2)),
            draw: (xml) =>
              ['xtl', 'ytl', 'xbr', 'ybr'].reduce((sum, key, i) => set(sum, key, drawn[i]!.toFixed(2)), xml),
          });
          return `${start as string}${corrected.join('')}${end as string}`;
        },
      );
    }),

  'label-studio': (folder, { image, size, className, widenPx, drawn: [x1, y1, x2, y2] }) =>
    editJson(join(folder, 'tasks.json'), (tasks: Task[]) =>
      tasks.map((task, i) => {
        const [prediction] = task.predictions!;
        const isCorrected = task.data.image_name === image;
        if (!isCorrected && i > 0) return task; // nobody has looked at it yet
        const entries = prediction!.result.map(({ score: _, ...region }) => region);
        const corrected = correct<Region>({
          entries,
          rename: (region) => ({ ...region, value: { ...region.value, rectanglelabels: [className] } }),
          widen: (region) => {
            const width = region.value.width + (widenPx / size.width) * 100;
            return { ...region, value: { ...region.value, width } };
          },
          draw: (region) => ({
            ...region,
            id: 'drawn',
            value: {
              ...region.value,
              ...{ x: (x1 / size.width) * 100, width: ((x2 - x1) / size.width) * 100 },
              ...{ y: (y1 / size.height) * 100, height: ((y2 - y1) / size.height) * 100 },
            },
          }),
        });
        return { ...task, id: i + 1, annotations: [{ id: i + 1, result: isCorrected ? corrected : entries }] };
      }),
    ),

  labelme: (folder, { image, className, widenPx, drawn: [x1, y1, x2, y2] }) =>
    editJson(join(folder, image.replace('.jpg', '.json')), (file: LabelMe) => ({
      ...file,
      shapes: correct({
        entries: file.shapes,
        rename: (shape) => ({ ...shape, label: className }),
        widen: (shape) => {
          const [first, [right, bottom]] = shape.points;
          return { ...shape, points: [first, [right + widenPx, bottom]] as typeof shape.points };
        },
        draw: (shape) => ({
          ...shape,
          points: [
            [x1, y1],
            [x2, y2],
          ] as typeof shape.points,
        }),
      }),
    })),

  csv: (folder, { image, className, widenPx, drawn }) =>
    edit(join(folder, 'boxes.csv'), (text) => {
      const [heading, ...rows] = text
        .trim()
        .split('\n')
        .map((row) => row.split(','));
      const at = (key: string) => heading!.indexOf(key);
      const set = (row: readonly string[], values: Readonly<Record<string, string>>) =>
        row.map((value, i) => values[heading![i]!] ?? value);
      const corrected = correct<readonly string[]>({
        entries: rows.filter((row) => row[at('image')] === image),
        rename: (row) => set(row, { class: className, class_id: '' }),
        widen: (row) => set(row, { x2: String(Number(row[at('x2')]) + widenPx) }),
        draw: (row) => set(row, { x1: `${drawn[0]}`, y1: `${drawn[1]}`, x2: `${drawn[2]}`, y2: `${drawn[3]}` }),
      });
      const others = rows.filter((row) => row[at('image')] !== image);
      return `${[heading!, ...others, ...corrected].map((row) => row.join(',')).join('\n')}\n`;
    }),

  huggingface: async (folder, { image, className, widenPx, drawn }) => {
    const readme = await readFile(join(folder, 'README.md'), 'utf8');
    const number = Number(new RegExp(`"(\\d+)": "?${className}"?\n`).exec(readme)![1]);
    await edit(join(folder, 'train/metadata.jsonl'), (text) => {
      const lines = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Entry);
      const corrected = lines.map((line) => {
        if (line.file_name !== image) return line;
        const entries = line.objects.bbox.map((bbox, i) => ({ bbox, category: line.objects.category[i]! }));
        const boxes = correct({
          entries,
          rename: (one) => ({ ...one, category: number }),
          widen: (one) => ({ ...one, bbox: widened(one.bbox, widenPx) }),
          draw: (one) => ({ ...one, bbox: xyxyToXywh(drawn) }),
        });
        const objects = { bbox: boxes.map(({ bbox }) => bbox), category: boxes.map(({ category }) => category) };
        return { ...line, objects };
      });
      return `${corrected.map((line) => JSON.stringify(line)).join('\n')}\n`;
    });
  },
};
