type Box<Format extends string> = readonly [number, number, number, number] & { readonly format?: Format };
export type Xyxy = Box<'xyxy'>; // corners, pixels of the upright original image; what we keep in memory
export type Xywh = Box<'xywh'>; // top-left and size, pixels; what COCO writes
export type Cxcywh = Box<'cxcywh'>; // centre and size, fractions 0–1; what OWL-ViT returns, what YOLO writes

export interface Size {
  readonly width: number; // pixels
  readonly height: number;
}

/** Corners of a box given as fractions of `width` by `height`: of the image, or of the square an image was padded to. */
export function xyxyOfCxcywh(box: Cxcywh, { width, height }: Size): Xyxy {
  const [cx, cy, w, h] = box;
  return [(cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height];
}

/** Centre and size as fractions of the image. */
export function cxcywhOfXyxy(box: Xyxy, { width, height }: Size): Cxcywh {
  const [x1, y1, x2, y2] = box;
  return [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height];
}

export function xywhOfXyxy(box: Xyxy): Xywh {
  return [box[0], box[1], box[2] - box[0], box[3] - box[1]];
}

export function xyxyOfXywh(box: Xywh): Xyxy {
  return [box[0], box[1], box[0] + box[2], box[1] + box[3]];
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

/** Square pixels that two boxes share. */
export function intersection(a: Xyxy, b: Xyxy): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return width <= 0 || height <= 0 ? 0 : width * height;
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
