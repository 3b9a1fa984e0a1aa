import { createHash } from 'node:crypto';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { round, type Xyxy } from '../../src/core/box.js';
import { compareDetections, type Detection } from '../../src/core/detection.js';
import type { ViewImage } from '../../src/core/image.js';
import { buildOntology } from '../../src/core/ontology.js';
import { compareUtf8 } from '../../src/core/text.js';
import type { View } from '../../src/formats/format.js';
import { formats, type FormatName } from '../../src/formats/index.js';
import { temporaryFolder } from '../support/temporary.js';

/** Names that YAML takes for something else, that are not ASCII; ids out of order and with gaps. */
export const ontology = buildOntology({
  templates: [],
  classes: [
    { name: 'no', id: 5, prompts: ['a "quoted" prompt'] },
    { name: 'ünïcode 日本 😀', id: 2, prompts: ['b'] },
    { name: '1e3', id: 90, prompts: ['c'] },
  ],
  ignore: ['nothing'],
});

/** Of images in a folder. */
export type LocalView = View & { readonly root: string };

let patches = 0;
export function detection(classId: number, score: number, box: Xyxy): Detection {
  return { classId, queryId: classId, patchId: patches++, score, box };
}

/** Images with boxes at their edges and thin ones; the second has none. */
export function imagesNamed(names: readonly string[]): ViewImage[] {
  return names.map((name, i) => {
    const [width, height] = [640 + i, 480];
    const selected = [
      detection(i % 3, 0.9, [0, 0, width, height]),
      detection((i + 1) % 3, 0.81234, [1.01, 2.02, 300.55, 400.99]),
      detection(0, 0.5, [width - 0.01, height - 0.01, width, height]),
    ];
    const stored = [...selected, detection(2, 0.06, [10, 10, 20, 20])];
    const detections = i === 1 ? [] : selected;
    return { id: i + 1, name, width, height, detections, stored, ...contentOf(name) };
  });
}

/** Of a file that holds its own name. */
function contentOf(name: string) {
  return { sizeBytes: Buffer.byteLength(name), sha256: createHash('sha256').update(name).digest('hex') };
}

/** A view over these images, whose files exist: each holds its own name. */
export async function viewOf(format: FormatName, images: readonly ViewImage[]): Promise<LocalView> {
  const folder = await realpath(await temporaryFolder());
  const root = join(folder, 'source');
  await mkdir(root);
  for (const { name } of images) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), name);
  }
  return {
    images: asyncOf(images),
    ontology,
    root,
    outDir: join(folder, 'out', format),
    provenance: { version: '1.2.3', model: 'builtin:emoji', modelSha256: 'ab', year: 2026 },
    imageFiles: 'symlink',
    overwriteEdited: false,
    throwIfStopped: () => Promise.resolve(),
  };
}

/** Writes the view of these images. */
export async function written(
  format: FormatName,
  images: readonly ViewImage[],
): Promise<{ view: LocalView; notes: string[] }> {
  const view = await viewOf(format, images);
  return { view, notes: await formats[format].write(view) };
}

/** May be iterated more than once, as the journal may. */
export function asyncOf<Item>(items: Iterable<Item>): AsyncIterable<Item> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const item of items) yield await Promise.resolve(item);
    },
  };
}

/** Numbers from 0 to 1 that look random and are the same every time. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const ODD = [
  ...[
    ' ',
    "'",
    '"',
    '\n',
    '\r',
    '\t',
    '\u0001',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u202e',
    '[',
    ']',
    '{',
    '*',
    '?',
    '!',
    '\\',
  ],
  ...[
    ',',
    ';',
    ':',
    '#',
    '%',
    '%0A',
    '日',
    '😀',
    'é',
    'e\u0301',
    '-',
    '..',
    '~',
    '$',
    '&',
    '<',
    'A',
    'a',
    'images',
    'labels',
  ],
  ...['.txt', '.jpg ', '__png', '_', 'é'.repeat(90), 'x'.repeat(200)],
];
const EXTENSIONS = ['.jpg', '.png', '.JPG', '.jpeg', '.webp'];

/** Image names made of what has broken a tool before, sorted; some differ only in their extension or in capitals. */
export function oddNames(count: number, random: () => number): string[] {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
  const part = (room: number) => {
    let text = pick(ODD);
    while (random() < 0.6) text += pick(ODD);
    return [...text.match(/./gsu)!].reduce(
      (kept, letter) => (Buffer.byteLength(kept + letter) <= room ? kept + letter : kept),
      '',
    );
  };
  const names = new Set<string>();
  while (names.size < count) {
    const folders = Array.from({ length: Math.floor(random() * 3) }, () => part(255)).filter(
      (name) => !/^\.\.?$/.test(name),
    );
    const extension = pick(EXTENSIONS);
    names.add([...folders, part(255 - extension.length) + extension].join('/'));
    if (random() < 0.2) names.add([...folders, `a${pick(EXTENSIONS)}`].join('/'));
  }
  return [...names].sort(compareUtf8);
}

/** An image of any size from 1 x 1, with boxes from a hundredth of a pixel to the whole image. */
export function oddImage(name: string, id: number, random: () => number): ViewImage {
  const side = () => Math.ceil(10 ** (random() * 4));
  const [width, height] = [side(), side()];
  const within = (limit: number) => {
    const edge = random();
    return edge < 0.15 ? 0 : edge > 0.85 ? limit : round(random() * limit, 2);
  };
  const boxes = Array.from({ length: Math.floor(random() * 6) }, () => boxOf(within, { width, height }));
  const stored = boxes.map((box, i) =>
    detection(Math.floor(random() * 3), round(0.05 + i / 20 + random() / 100, 5), box),
  );
  stored.sort(compareDetections);
  const detections = stored.filter(({ score }) => score > 0.1);
  return { id, name, width, height, detections, stored, ...contentOf(name) };
}

function boxOf(within: (limit: number) => number, { width, height }: { width: number; height: number }): Xyxy {
  const span = (limit: number) => {
    const [a, b] = [within(limit), within(limit)];
    if (a === b) return a === limit ? [round(limit - 0.01, 2), limit] : [a, round(a + 0.01, 2)];
    return [Math.min(a, b), Math.max(a, b)];
  };
  const [x1, x2] = span(width);
  const [y1, y2] = span(height);
  return [x1!, y1!, x2!, y2!];
}
