import type { Corners, FoundBox, PromptedClass, Size } from './answers.js';

/** Boxes as COCO JSON and YOLO lines, with the rules that `preannotate run` writes by; pure. */

/** An image and the boxes shown on it. */
export interface AnnotatedImage extends Size {
  readonly name: string;
  readonly found: readonly FoundBox[];
  readonly classes: readonly PromptedClass[];
}

/** What made the annotations, and when. */
export interface Provenance {
  readonly version: string; // of preannotate
  readonly model: string;
  readonly date: Date;
}

const PIXEL_STEPS = 100; // corners are rounded to hundredths of a pixel
const YOLO_DECIMALS = 6;
const YOLO_SMALLEST = 10 ** -YOLO_DECIMALS;

/** An instances file of one image, with scores and prompts. ASCII: pycocotools opens files in the locale's encoding. */
export function formatCoco(
  { name, width, height, found, classes }: AnnotatedImage,
  { version, model, date }: Provenance,
): string {
  const idOf = new Map(classes.map((one) => [one.name, one.id]));
  const info = {
    description: 'Draft annotations, to be corrected by people',
    version: '1.0',
    year: date.getUTCFullYear(),
    contributor: `preannotate ${version}`,
    date_created: date.toISOString(),
    provenance: { tool: 'preannotate', version, model },
  };
  const categories = sortById(classes).map((one) => ({ id: one.id, name: one.name, supercategory: '' }));
  const annotations = found.map(({ label, score, prompt, box }, i) => {
    const bbox = xywhOf(box);
    return {
      id: i + 1,
      image_id: 1,
      category_id: idOf.get(label)!,
      bbox,
      area: Math.round(bbox[2] * bbox[3] * PIXEL_STEPS ** 2) / PIXEL_STEPS ** 2,
      iscrowd: 0,
      segmentation: [],
      score,
      attributes: { prompt, source: 'auto' },
    };
  });
  const images = [{ id: 1, file_name: name, width, height }];
  const members = [
    `"info": ${toAsciiJson(info)}`,
    '"licenses": []',
    `"categories": ${formatRows(categories)}`,
    `"images": ${formatRows(images)}`,
    `"annotations": ${formatRows(annotations)}`,
  ];
  return `{\n${members.join(',\n')}\n}\n`;
}

/** `class cx cy w h` a line, fractions of the upright image; classes count from 0 in the order of their ids. */
export function formatYolo({ width, height, found, classes }: AnnotatedImage): string {
  const indexOf = new Map(sortById(classes).map((one, index) => [one.name, index]));
  const lines = found.map(({ label, box: [x1, y1, x2, y2] }) => {
    const centre = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height].map((value) => Math.min(value, 1));
    // Rounding must not make a thin box vanish.
    const size = [(x2 - x1) / width, (y2 - y1) / height].map((value) => Math.min(Math.max(value, YOLO_SMALLEST), 1));
    return `${indexOf.get(label)!} ${[...centre, ...size].map((value) => value.toFixed(YOLO_DECIMALS)).join(' ')}\n`;
  });
  return [...new Set(lines)].join(''); // readers complain of repeated lines
}

/** classes.txt: line n names class n of the YOLO lines. */
export function formatYoloClasses(classes: readonly PromptedClass[]): string {
  return sortById(classes)
    .map(({ name }) => `${name}\n`)
    .join('');
}

function sortById(classes: readonly PromptedClass[]): PromptedClass[] {
  return [...classes].sort((a, b) => a.id - b.id);
}

/** Sizes come from the rounded corners, in whole hundredths of a pixel, so that the box still ends in the image. */
function xywhOf(box: Corners): [number, number, number, number] {
  const [x1, y1, x2, y2] = box.map((value) => Math.round(value * PIXEL_STEPS)) as [number, number, number, number];
  return [x1 / PIXEL_STEPS, y1 / PIXEL_STEPS, (x2 - x1) / PIXEL_STEPS, (y2 - y1) / PIXEL_STEPS];
}

function formatRows(items: readonly object[]): string {
  return items.length === 0 ? '[]' : `[\n${items.map(toAsciiJson).join(',\n')}\n]`;
}

function toAsciiJson(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
