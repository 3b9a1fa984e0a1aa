import type { Size, Xyxy } from '../../../core/box.js';

/** Which part of an image is shown, and how large: a point p of the image is at `p * scale + (x, y)` on the stage. */
export interface View {
  readonly scale: number; // CSS pixels for each pixel of the image
  readonly x: number; // CSS pixels, of the image's corner from the stage's
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What views are limited by. */
export interface Frame {
  readonly image: Size; // pixels, upright
  readonly stage: Size; // CSS pixels
  readonly fit?: Fit;
}

/** How an image is shown whole. */
export interface Fit {
  readonly margin: number; // CSS pixels around it
  readonly largest: number; // CSS pixels for each of its pixels: tiny images are not blown up any further
}

const MARGIN = 12; // CSS pixels around what is revealed, and around an image that is shown whole
const PAN_MARGIN = 64; // CSS pixels of the stage that an image's edge may uncover
const FIT: Fit = { margin: MARGIN, largest: 8 };
const LARGEST_SCALE = 40;
const ROUNDING = 1e-3; // CSS pixels

/** The whole image, in the middle. */
export function fitView({ image, stage, fit: { margin, largest } = FIT }: Frame): View {
  const scale = Math.min(
    Math.max(stage.width - 2 * margin, 1) / image.width,
    Math.max(stage.height - 2 * margin, 1) / image.height,
    largest,
  );
  return centre(scale, { x: image.width / 2, y: image.height / 2 }, stage);
}

/** Shows the surroundings of a box. */
export function viewOfBox([x1, y1, x2, y2]: Xyxy, frame: Frame): View {
  const { stage } = frame;
  const scale = Math.min(stage.width / 3 / Math.max(x2 - x1, 1), stage.height / 3 / Math.max(y2 - y1, 1));
  return limitView(centre(limitScale(scale, frame), { x: (x1 + x2) / 2, y: (y1 + y2) / 2 }, stage), frame);
}

/** Zooms so that the point of the image that is at `at` on the stage stays there, as far as the limits allow. */
export function zoomAt(
  view: View,
  { factor, at }: { readonly factor: number; readonly at: Point },
  frame: Frame,
): View {
  const scale = limitScale(view.scale * factor, frame);
  const point = toImage(view, at);
  return limitView({ scale, x: at.x - point.x * scale, y: at.y - point.y * scale }, frame);
}

export function panBy(view: View, by: Point, frame: Frame): View {
  return limitView({ scale: view.scale, x: view.x + by.x, y: view.y + by.y }, frame);
}

/** Brings the image back into the stage: in the middle where it fits, else so that little of the stage is empty. */
export function limitView({ scale, x, y }: View, { image, stage }: Frame): View {
  return {
    scale,
    x: limitOffset(x, image.width * scale, stage.width),
    y: limitOffset(y, image.height * scale, stage.height),
  };
}

/** Pans as little as possible until the box is on the stage. */
export function reveal(view: View, [x1, y1, x2, y2]: Xyxy, frame: Frame): View {
  const shift = (low: number, high: number, length: number) => {
    if (low < 0 && high > length) return 0;
    if (low < 0) return MARGIN - low;
    return high > length ? length - MARGIN - high : 0;
  };
  const from = toStage(view, { x: x1, y: y1 });
  const to = toStage(view, { x: x2, y: y2 });
  const by = { x: shift(from.x, to.x, frame.stage.width), y: shift(from.y, to.y, frame.stage.height) };
  return by.x === 0 && by.y === 0 ? view : panBy(view, by, frame);
}

/** Whether all of the image is on the stage, so that there is nothing to pan to. */
export function isWhole({ scale }: View, { image, stage }: Frame): boolean {
  return image.width * scale <= stage.width + ROUNDING && image.height * scale <= stage.height + ROUNDING;
}

/** The middle quarter of what is seen, as corners in pixels of the image. */
export function middleOfView(view: View, { image, stage }: Frame): readonly [Point, Point] {
  const from = toImage(view, { x: 0, y: 0 });
  const to = toImage(view, { x: stage.width, y: stage.height });
  const low = { x: Math.max(from.x, 0), y: Math.max(from.y, 0) };
  const high = { x: Math.min(to.x, image.width), y: Math.min(to.y, image.height) };
  const at = (share: number) => ({ x: low.x + (high.x - low.x) * share, y: low.y + (high.y - low.y) * share });
  return [at(0.375), at(0.625)];
}

export function toImage({ scale, x, y }: View, point: Point): Point {
  return { x: (point.x - x) / scale, y: (point.y - y) / scale };
}

export function toStage({ scale, x, y }: View, point: Point): Point {
  return { x: point.x * scale + x, y: point.y * scale + y };
}

/** Images are never smaller than half of what is shown whole. */
function limitScale(scale: number, frame: Frame): number {
  const whole = fitView(frame).scale;
  return Math.min(Math.max(scale, Math.min(whole, 1) / 2), Math.max(LARGEST_SCALE, whole));
}

function centre(scale: number, { x, y }: Point, stage: Size): View {
  return { scale, x: stage.width / 2 - x * scale, y: stage.height / 2 - y * scale };
}

function limitOffset(offset: number, length: number, stage: number): number {
  if (length <= stage) return (stage - length) / 2;
  const margin = Math.min(PAN_MARGIN, stage / 2);
  return Math.min(Math.max(offset, stage - length - margin), margin);
}
