import { area, type Size, type Xyxy } from '../../../../core/box.js';
import { PIXEL_STEPS } from '../../../../core/gallery/pack.js';
import type { Point } from '../../../shared/zoom/view.js';

/** An edge or corner by which a box is resized, as compass points. */
export const HANDLES = ['nw', 'n', 'ne', 'e', 'se', 's', 'sw', 'w'] as const;
export type Handle = (typeof HANDLES)[number];

/** No side of a box gets shorter than this while it is edited, in pixels of the image. */
export const SMALLEST_SIDE = 1;

/**
 * Boxes are edited in whole hundredths of a pixel, so that what is read, moved and written again is the same number.
 * A box that leaves the image with an edge stops there.
 */
export function moveBox(box: Xyxy, by: Point, image: Size): Xyxy {
  const [x1, x2] = moveSpan([box[0], box[2]], by.x, image.width);
  const [y1, y2] = moveSpan([box[1], box[3]], by.y, image.height);
  return [x1, y1, x2, y2];
}

/** Moves the edges that a handle holds. Edges stop at the image's, and before they meet the edge opposite. */
export function resizeBox(
  box: Xyxy,
  { handle, by }: { readonly handle: Handle; readonly by: Point },
  image: Size,
): Xyxy {
  const [x1, x2] = resizeSpan(
    [box[0], box[2]],
    { low: handle.includes('w'), high: handle.includes('e'), by: by.x },
    image.width,
  );
  const [y1, y2] = resizeSpan(
    [box[1], box[3]],
    { low: handle.includes('n'), high: handle.includes('s'), by: by.y },
    image.height,
  );
  return [x1, y1, x2, y2];
}

/** The box between two points, in any order. */
export function boxBetween(a: Point, b: Point, image: Size): Xyxy {
  const [x1, x2] = spanBetween(a.x, b.x, image.width);
  const [y1, y2] = spanBetween(a.y, b.y, image.height);
  return [x1, y1, x2, y2];
}

/** The same part of another image: a box of an image of another size is scaled, so that all of it stays inside. */
export function scaleBox(box: Xyxy, from: Size, to: Size): Xyxy {
  if (isSameSize(from, to)) return box;
  const [x, y] = [to.width / from.width, to.height / from.height];
  return boxBetween({ x: box[0] * x, y: box[1] * y }, { x: box[2] * x, y: box[3] * y }, to);
}

export function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/**
 * The box at a point. Of several, the smallest: a large one has other places to be met at.
 *
 * @param tolerance - How far outside of a box a point may be, in pixels of the image.
 */
export function boxAt<T extends { readonly box: Xyxy }>(
  boxes: readonly T[],
  { x, y }: Point,
  tolerance: number,
): T | undefined {
  let best: T | undefined;
  let smallest = Infinity;
  for (const candidate of boxes) {
    const [x1, y1, x2, y2] = candidate.box;
    if (x < x1 - tolerance || x > x2 + tolerance || y < y1 - tolerance || y > y2 + tolerance) continue;
    const size = area(candidate.box);
    if (size >= smallest) continue;
    best = candidate;
    smallest = size;
  }
  return best;
}

/**
 * The handle at a point. The inside of a box moves it: handles reach inwards a quarter of its sides at most.
 *
 * @param tolerance - In pixels of the image.
 */
export function handleAt([x1, y1, x2, y2]: Xyxy, { x, y }: Point, tolerance: number): Handle | undefined {
  if (x < x1 - tolerance || x > x2 + tolerance || y < y1 - tolerance || y > y2 + tolerance) return undefined;
  const inX = Math.min(tolerance, (x2 - x1) / 4);
  const inY = Math.min(tolerance, (y2 - y1) / 4);
  const vertical = y <= y1 + inY ? 'n' : y >= y2 - inY ? 's' : '';
  const horizontal = x <= x1 + inX ? 'w' : x >= x2 - inX ? 'e' : '';
  const handle = `${vertical}${horizontal}`;
  return handle === '' ? undefined : (handle as Handle);
}

/** Where a handle is. */
export function placeOf(handle: Handle, [x1, y1, x2, y2]: Xyxy): Point {
  const x = handle.includes('w') ? x1 : handle.includes('e') ? x2 : (x1 + x2) / 2;
  const y = handle.includes('n') ? y1 : handle.includes('s') ? y2 : (y1 + y2) / 2;
  return { x, y };
}

export function isSameBox(a: Xyxy, b: Xyxy): boolean {
  return a.every((value, i) => value === b[i]);
}

type Span = readonly [low: number, high: number];

function moveSpan([low, high]: Span, by: number, limit: number): Span {
  const [from, top, end] = [toSteps(low), toSteps(high), toSteps(limit)];
  // A box of the model may be smaller than people may draw one: it gets that large once it is moved.
  const isTiny = top - from < toSteps(SMALLEST_SIDE) && toSteps(by) !== 0;
  const to = isTiny ? Math.min(from + toSteps(SMALLEST_SIDE), end) : top;
  const step = Math.min(Math.max(toSteps(by), -from), end - to);
  return [fromSteps(from + step), fromSteps(to + step)];
}

function resizeSpan(
  [low, high]: Span,
  { low: movesLow, high: movesHigh, by }: { readonly low: boolean; readonly high: boolean; readonly by: number },
  limit: number,
): Span {
  const [from, to, step] = [toSteps(low), toSteps(high), toSteps(by)];
  if (step === 0) return [low, high];
  const smallest = Math.min(toSteps(SMALLEST_SIDE), toSteps(limit));
  if (movesLow)
    return [fromSteps(Math.max(Math.min(from + step, to - smallest), 0)), Math.max(high, fromSteps(smallest))];
  if (movesHigh)
    return [
      Math.min(low, fromSteps(toSteps(limit) - smallest)),
      fromSteps(Math.min(Math.max(to + step, from + smallest), toSteps(limit))),
    ];
  return [low, high];
}

function spanBetween(a: number, b: number, limit: number): Span {
  const end = toSteps(limit);
  const smallest = Math.min(toSteps(SMALLEST_SIDE), end);
  const within = (value: number) => Math.min(Math.max(toSteps(value), 0), end);
  const from = Math.min(within(Math.min(a, b)), end - smallest);
  return [fromSteps(from), fromSteps(Math.max(within(Math.max(a, b)), from + smallest))];
}

function toSteps(pixels: number): number {
  return Math.round(pixels * PIXEL_STEPS);
}

function fromSteps(steps: number): number {
  return steps / PIXEL_STEPS;
}
