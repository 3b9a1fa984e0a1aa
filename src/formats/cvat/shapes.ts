import type { Xyxy } from '../../core/box.js';
import { boundingBox, rotateCorners } from '../reading/rotate.js';
import type { ShapeCounts } from '../reading/shape-counts.js';

type Attributes = Readonly<Record<string, string>>;
type Point = readonly [number, number];

/** Annotations of an image that are no shapes with an area. */
const SKIPPED = new Set(['polyline', 'points', 'skeleton', 'tag']);

/** How the place of a shape is stated, for those that are read as boxes; undefined where it is not stated. */
const PLACES: Readonly<Record<string, (attributes: Attributes) => Xyxy | undefined>> = {
  box: readCorners,
  polygon: ({ points = '' }) =>
    boundingBox(points.split(';').map((pair) => pair.split(',').map(Number) as [number, number])),
  mask: (attributes) => {
    const [left, top, width, height] = numbersOf(attributes, ['left', 'top', 'width', 'height']);
    return [left!, top!, left! + width!, top! + height!];
  },
  ellipse: (attributes) => {
    const [cx, cy, rx, ry] = numbersOf(attributes, ['cx', 'cy', 'rx', 'ry']);
    return [cx! - rx!, cy! - ry!, cx! + rx!, cy! + ry!];
  },
  cuboid: (attributes) => {
    const corners = ['tl1', 'bl1', 'tr1', 'br1', 'tl2', 'bl2', 'tr2', 'br2'];
    return boundingBox(
      corners.map((corner) => numbersOf(attributes, [`x${corner}`, `y${corner}`]) as unknown as Point),
    );
  },
};

/** Whether an element of an image is an annotation. */
export function isShape(element: string): boolean {
  return SKIPPED.has(element) || Object.hasOwn(PLACES, element);
}

/**
 * The upright box of a shape, which is counted where it is none.
 *
 * @returns undefined for what is not read as a box; a box with NaN where the file does not state the place.
 */
export function boxOfShape(element: string, attributes: Attributes, counts: ShapeCounts): Xyxy | undefined {
  if (SKIPPED.has(element)) {
    counts.skipped(element);
    return undefined;
  }
  const box = PLACES[element]!(attributes) ?? [NaN, NaN, NaN, NaN];
  const degrees = Number(attributes['rotation'] ?? 0);
  const isRotated = degrees % 360 !== 0;
  if (element !== 'box') counts.boxed(element);
  else if (isRotated) counts.boxed('rotated box');
  if (!isRotated) return box;
  const [x1, y1, x2, y2] = box;
  return boundingBox(rotateCorners(box, degrees, [(x1 + x2) / 2, (y1 + y2) / 2]));
}

function readCorners(attributes: Attributes): Xyxy {
  const [x1, y1, x2, y2] = numbersOf(attributes, ['xtl', 'ytl', 'xbr', 'ybr']);
  return [Math.min(x1!, x2!), Math.min(y1!, y2!), Math.max(x1!, x2!), Math.max(y1!, y2!)];
}

/** NaN for what is missing or no number. */
function numbersOf(attributes: Attributes, names: readonly string[]): number[] {
  return names.map((name) => Number(attributes[name]?.trim() || NaN));
}
