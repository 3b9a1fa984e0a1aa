import { area, clip, intersection, type Size, type Xyxy } from '../../../src/core/box.js';
import type { Detection } from '../../../src/core/detection.js';
import { type Crop } from '../../../src/core/tiling/tiles.js';
import type { Random } from '../../support/random.js';

export const PATCHES = 1000;

export interface Seen {
  readonly box: Xyxy; // in the image
  readonly score?: number;
  readonly classId?: number;
  readonly patchId?: number;
}

/** Detections of a crop that shows these parts of the image. */
export function seenIn({ x, y }: Crop, seen: readonly Seen[]): Detection[] {
  return seen.map(({ box, score = 0.5, classId = 0, patchId }, i) => ({
    classId,
    queryId: classId,
    patchId: patchId ?? i,
    score,
    box: [box[0] - x.from, box[1] - y.from, box[2] - x.from, box[3] - y.from],
  }));
}

/** What of an object lies in a crop. */
export function part(box: Xyxy, { x, y }: Crop): Xyxy {
  return [Math.max(box[0], x.from), Math.max(box[1], y.from), Math.min(box[2], x.to), Math.min(box[3], y.to)];
}

/** A model that finds everything of which it sees a third, within a pixel or two. */
export function seenObjects(objects: readonly Seen[], crop: Crop, random: Random): Seen[] {
  const frame: Xyxy = [crop.x.from, crop.y.from, crop.x.to, crop.y.to];
  return objects.flatMap(({ box, classId = 0 }): Seen[] => {
    const visible = part(box, crop);
    if (intersection(box, frame) < area(box) / 3) return [];
    const off = visible.map((value) => value + random.uniform() * 0.75) as unknown as Xyxy;
    return [{ classId, box: part(off, crop), score: 0.3 + 0.6 * unit(random) }];
  });
}

/** Objects that keep clear of each other. */
export function scattered(random: Random, size: Size, [least, most]: readonly [number, number]): Seen[] {
  const objects: Seen[] = [];
  for (let attempt = 0; attempt < 60; attempt++) {
    const [width, height] = [0, 0].map(() => least + unit(random) * (most - least)) as [number, number];
    const x = unit(random) * (size.width - width);
    const y = unit(random) * (size.height - height);
    const box = clip([x, y, x + width, y + height], size);
    const room: Xyxy = [box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4];
    if (objects.some((other) => intersection(other.box, room) > 0)) continue;
    objects.push({ classId: attempt % 3, box });
  }
  return objects;
}

/** In [0, 1). */
export function unit(random: Random): number {
  return (random.uniform() + 1) / 2;
}
