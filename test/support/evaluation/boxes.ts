import type { Xywh, Xyxy } from '../../../src/core/box.js';

/** Corners of a box as COCO files have it. */
export function xywhToXyxy([x, y, width, height]: Xywh): Xyxy {
  return [x, y, x + width, y + height];
}
