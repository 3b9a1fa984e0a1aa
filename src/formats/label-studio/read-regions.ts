import { toPixels, type Size, type Xyxy } from '../../core/box.js';
import type { LabelledBox } from '../../core/data-set/data-set.js';
import { isFields, numberOf, textOf, type Fields } from '../reading/fields.js';
import { boundingBox, rotateCorners } from '../reading/rotate.js';
import type { ShapeCounts } from '../reading/shape-counts.js';

type Point = readonly [number, number];

/** A region as a box in percent, or why it is none. */
interface ReadRegion {
  readonly labels: readonly string[];
  readonly kind: string; // rectangle, polygon …
  readonly points: readonly Point[]; // percent of the image, around the object
  readonly degrees: number; // around the first point
}

/** How a kind of region states its place; undefined where it does not. */
const PLACES: Readonly<Record<string, (value: Fields) => readonly Point[] | undefined>> = {
  rectangle: ({ x, y, width, height }) => {
    const [left, top, across, down] = [x, y, width, height].map(numberOf);
    if (left === undefined || top === undefined || across === undefined || down === undefined) return undefined;
    return [
      [left, top],
      [left + across, top + down],
    ];
  },
  polygon: ({ points }) => (isPoints(points) ? points : undefined),
  ellipse: ({ x, y, radiusX, radiusY }) => {
    const [cx, cy, rx, ry] = [x, y, radiusX, radiusY].map(numberOf);
    if (cx === undefined || cy === undefined || rx === undefined || ry === undefined) return undefined;
    return [
      [cx - rx, cy - ry],
      [cx + rx, cy + ry],
    ];
  },
};

/** The kinds by the property that has the labels; a Labels tag beside a Rectangle has a property without a kind. */
const KINDS: Readonly<Record<string, string>> = {
  rectanglelabels: 'rectangle',
  polygonlabels: 'polygon',
  ellipselabels: 'ellipse',
  brushlabels: 'brush mask',
  keypointlabels: 'key point',
};

/** What of an image's regions is needed to make boxes of them. */
export interface RegionContext {
  readonly where: string; // for messages
  readonly size: Size | undefined; // of the image, where its regions do not state it
  readonly counts: ShapeCounts;
  readonly refuse: (where: string, problem: string) => void;
}

/** The size of the image, as any of its regions states it. */
export function sizeOfRegions(regions: readonly unknown[]): Size | undefined {
  for (const region of regions) {
    const width = isFields(region) ? numberOf(region['original_width']) : undefined;
    const height = isFields(region) ? numberOf(region['original_height']) : undefined;
    if (width !== undefined && height !== undefined && width > 0 && height > 0) return { width, height };
  }
  return undefined;
}

/** The boxes of regions: of `result` in a full export, or of the lists in a minimal one. */
export function boxesOf(regions: readonly unknown[], context: RegionContext): LabelledBox[] {
  const labelled = new Set(regions.filter(isLabels).map(({ id }) => id));
  return regions.flatMap((region, index): LabelledBox[] => {
    if (!isFields(region)) return [];
    const id = textOf(region['id']);
    const where = `${context.where}, region ${id ?? index}`;
    if (region['type'] === 'rectangle' && id !== undefined && labelled.has(id)) return []; // its labels have its place
    const read = readRegion(region, context.counts);
    if (read === undefined) return [];
    if (read.labels.length === 0) {
      context.refuse(where, 'has no label');
      return [];
    }
    if (context.size === undefined) {
      context.refuse(where, 'does not state the size of its image, which is not found either');
      return [];
    }
    const box = toBox(read, context.size);
    if (read.degrees % 360 !== 0) context.counts.boxed(`rotated ${read.kind}`);
    else if (read.kind !== 'rectangle') context.counts.boxed(read.kind);
    const score = numberOf(region['score']);
    const prompt = noteOf(region);
    return read.labels.map((className) => ({
      className,
      box,
      ...(id === undefined ? {} : { id }),
      ...(score === undefined ? {} : { score }),
      ...(prompt === undefined ? {} : { prompt }),
    }));
  });
}

function isLabels(region: unknown): region is Fields {
  return isFields(region) && region['type'] === 'labels' && textOf(region['id']) !== undefined;
}

/** @returns undefined for what is no region with an area. */
function readRegion(region: Fields, counts: ShapeCounts): ReadRegion | undefined {
  const value = isFields(region['value']) ? region['value'] : region; // minimal exports have no `value`
  const type = textOf(region['type']) ?? '';
  const key = Object.keys(KINDS).find((name) => Array.isArray(value[name])) ?? type;
  const kind = KINDS[key] ?? kindOfPlace(value);
  if (kind === undefined) {
    if (type !== 'relation' && type !== '') counts.skipped(`${type} result`);
    return undefined;
  }
  const points = PLACES[kind]?.(value);
  if (points === undefined) {
    counts.skipped(kind);
    return undefined;
  }
  const labels = value[key] ?? value['labels'];
  const names = Array.isArray(labels) ? labels.filter((label) => textOf(label) !== undefined) : [];
  return { labels: names as string[], kind, points, degrees: numberOf(value['rotation']) ?? 0 };
}

/** Of a region whose labels are stated beside it. */
function kindOfPlace(value: Fields): string | undefined {
  return ['rectangle', 'ellipse', 'polygon'].find((kind) => PLACES[kind]!(value) !== undefined);
}

/** Label Studio turns a rectangle around its first corner, an ellipse around its centre. */
function toBox({ points, degrees, kind }: ReadRegion, size: Size): Xyxy {
  const fractions = boundingBox(points.map(([x, y]) => [x / 100, y / 100]))!;
  const box = toPixels(fractions, size);
  if (degrees % 360 === 0) return box;
  const [x1, y1, x2, y2] = box;
  return boundingBox(rotateCorners(box, degrees, kind === 'rectangle' ? [x1, y1] : [(x1 + x2) / 2, (y1 + y2) / 2]))!;
}

/** Where this program keeps the prompt. */
function noteOf({ meta }: Fields): string | undefined {
  return isFields(meta) && Array.isArray(meta['text']) ? textOf(meta['text'][0]) : undefined;
}

function isPoints(value: unknown): value is readonly Point[] {
  const isPoint = (point: unknown) =>
    Array.isArray(point) && point.length >= 2 && point.slice(0, 2).every((side) => numberOf(side) !== undefined);
  return Array.isArray(value) && value.length > 0 && value.every(isPoint);
}
