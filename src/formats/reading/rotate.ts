import type { Xyxy } from '../../core/box.js';

type Point = readonly [x: number, y: number];

/** The smallest upright box around points; undefined for none. */
export function boundingBox(points: readonly Point[]): Xyxy | undefined {
  if (points.length === 0) return undefined;
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
  }
  return [x1, y1, x2, y2];
}

/** The corners of a box that is turned clockwise around a point. */
export function rotateCorners([x1, y1, x2, y2]: Xyxy, degrees: number, [cx, cy]: Point): readonly Point[] {
  const radians = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const corners: Point[] = [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ];
  return corners.map(([x, y]) => [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos]);
}
