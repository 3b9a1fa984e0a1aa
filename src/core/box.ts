type Box<Format extends string> = readonly [number, number, number, number] & { readonly format?: Format };
export type Xyxy = Box<'xyxy'>; // corners, pixels of the upright original image; what we keep in memory
export type Xywh = Box<'xywh'>; // top-left and size, pixels; what COCO writes
export type Cxcywh = Box<'cxcywh'>; // centre and size, fractions 0–1; what OWL-ViT returns, what YOLO writes

export interface Size {
  readonly width: number; // pixels
  readonly height: number;
}

/**
 * Corners of a box given as fractions of `width` by `height`: of the image, or of the square an image was padded to.
 */
export function cxcywhToXyxy(box: Cxcywh, { width, height }: Size): Xyxy {
  const [cx, cy, w, h] = box;
  return [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height];
}

/** Centre and size as fractions of the image. */
export function xyxyToCxcywh(box: Xyxy, { width, height }: Size): Cxcywh {
  const [x1, y1, x2, y2] = box;
  return [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height];
}

export function xyxyToXywh(box: Xyxy): Xywh {
  return [box[0], box[1], box[2] - box[0], box[3] - box[1]];
}

export function xywhToXyxy(box: Xywh): Xyxy {
  return [box[0], box[1], box[0] + box[2], box[1] + box[3]];
}

/** Corners as fractions of `width` by `height`. */
export function toFractions(box: Xyxy, { width, height }: Size): Xyxy {
  return [box[0] / width, box[1] / height, box[2] / width, box[3] / height];
}

/** Corners in pixels of a box given as fractions of `width` by `height`. */
export function toPixels(box: Xyxy, { width, height }: Size): Xyxy {
  return [box[0] * width, box[1] * height, box[2] * width, box[3] * height];
}

/** A box with the same function applied to each of its four numbers. */
export function mapBox<Format extends string>(box: Box<Format>, map: (value: number) => number): Box<Format> {
  return [map(box[0]), map(box[1]), map(box[2]), map(box[3])];
}

/** The box moved by `x` and `y` pixels. */
export function translate(box: Xyxy, { x, y }: { readonly x: number; readonly y: number }): Xyxy {
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

export function roundBox(box: Xyxy, decimals: number): Xyxy {
  return [round(box[0], decimals), round(box[1], decimals), round(box[2], decimals), round(box[3], decimals)];
}

/** The part of a box that lies in the image. */
export function clip(box: Xyxy, { width, height }: Size): Xyxy {
  const within = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  return [within(box[0], width), within(box[1], height), within(box[2], width), within(box[3], height)];
}

/** Square pixels; 0 for a box turned inside out. */
export function area(box: Xyxy): number {
  return Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
}

/** An axis, as the index of its lower corner in an {@link Xyxy}; the upper corner is 2 further. */
export type Axis = 0 | 1;

/** Pixels along an axis that two boxes share; below 0, the width of the gap between them. */
export function sharedLength(a: Xyxy, b: Xyxy, axis: Axis): number {
  return Math.min(a[axis + 2]!, b[axis + 2]!) - Math.max(a[axis], b[axis]);
}

/** Square pixels that two boxes share. */
export function intersection(a: Xyxy, b: Xyxy): number {
  const width = sharedLength(a, b, 0);
  const height = sharedLength(a, b, 1);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

/** The smallest box that contains both. */
export function enclose(a: Xyxy, b: Xyxy): Xyxy {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** Intersection over union, 0–1. */
export function iou(a: Xyxy, b: Xyxy): number {
  const overlap = intersection(a, b);
  if (overlap === 0) return 0;
  return overlap / (area(a) + area(b) - overlap);
}

/** Rounds to a fixed number of decimals, as the files state them. */
export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
