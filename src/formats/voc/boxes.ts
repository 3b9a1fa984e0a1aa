import type { Size, Xyxy } from '../../core/box.js';

/**
 * How the numbers of a box count pixels.
 *
 * - `inclusive`: 1-based, the first and the last pixel of the object, as Pascal VOC itself has it;
 * - `continuous`: 0-based corners, of which the second is outside: CVAT, Datumaro, Label Studio, X-AnyLabeling;
 * - `shifted`: those with 1 added to all four: supervision.
 */
export type PixelRule = 'inclusive' | 'continuous' | 'shifted';

/** The pixels that a box covers at least half, as {@link PixelRule} `inclusive`; of a thin one, that of its middle. */
export function toInclusive([x0, y0, x1, y1]: Xyxy, { width, height }: Size): Xyxy {
  const [left, right] = pixelsBetween(x0, x1, width);
  const [top, bottom] = pixelsBetween(y0, y1, height);
  return [left, top, right, bottom];
}

/** The first and the last one, from 1. */
function pixelsBetween(start: number, end: number, count: number): readonly [first: number, last: number] {
  const [first, last] = [Math.round(start) + 1, Math.round(end)];
  if (first <= last) return [first, last];
  const middle = Math.min(Math.floor((start + end) / 2), count - 1) + 1;
  return [middle, middle];
}

/** In continuous pixels, 0-based. */
export function fromRule([xmin, ymin, xmax, ymax]: Xyxy, rule: PixelRule): Xyxy {
  const first = rule === 'continuous' ? 0 : 1;
  const last = rule === 'shifted' ? 1 : 0;
  return [xmin - first, ymin - first, xmax - last, ymax - last];
}
