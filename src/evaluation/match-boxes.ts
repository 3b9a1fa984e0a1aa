import type { Xywh } from '../core/box.js';
import type { EvaluatedObject, FoundObject } from './evaluated-image.js';

/** What a detection is worth: it found an object, or none, or one that does not count. */
export const WRONG = 0;
export const RIGHT = 1;
export const IGNORED = 2;

/** As pycocotools: boxes that are equal match at an IoU of 1 too. */
const ALMOST_ONE = 1 - 1e-10;

/** Objects of one class in one image, in the order in which they are tried: those that do not count come last. */
export interface Targets {
  readonly order: Int32Array; // indices of the objects
  readonly counting: number; // how many of them count
  readonly isCrowd: Uint8Array; // by index
}

/** Square pixels, as the file states them, else of the box. */
export function areaOf({ area, box }: EvaluatedObject): number {
  return area ?? box[2] * box[3];
}

/** Intersection over union, from sizes as they are stated. */
export function iouOf(a: Xywh, b: Xywh): number {
  const shared = intersectionOf(a, b);
  return shared === 0 ? 0 : shared / (a[2] * a[3] + b[2] * b[3] - shared);
}

function intersectionOf(a: Xywh, b: Xywh): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

/**
 * How much each detection overlaps each object: IoU, and with a crowd the share of the detection that lies in it.
 *
 * @returns `[detections, objects]`
 * @see pycocotools `bbIou`
 */
export function overlapsOf(detections: readonly FoundObject[], objects: readonly EvaluatedObject[]): Float64Array {
  const overlaps = new Float64Array(detections.length * objects.length);
  let at = 0;
  for (const { box } of detections) {
    for (const { box: other, isCrowd } of objects) {
      overlaps[at++] = isCrowd === true ? shareWithin(box, other) : iouOf(box, other);
    }
  }
  return overlaps;
}

function shareWithin(box: Xywh, region: Xywh): number {
  const shared = intersectionOf(box, region);
  return shared === 0 ? 0 : shared / (box[2] * box[3]);
}

/** @param isIgnored - Whether an object does not count: it is a crowd, or of another size than is asked for. */
export function orderTargets(
  objects: readonly EvaluatedObject[],
  isIgnored: (object: EvaluatedObject) => boolean,
): Targets {
  const indices = [...objects.keys()];
  const counting = indices.filter((i) => !isIgnored(objects[i]!));
  const ignored = indices.filter((i) => isIgnored(objects[i]!));
  return {
    order: Int32Array.from([...counting, ...ignored]),
    counting: counting.length,
    isCrowd: Uint8Array.from(objects, ({ isCrowd }) => (isCrowd === true ? 1 : 0)),
  };
}

/**
 * Matches the detections of one class in one image to its objects: the best score chooses first, and takes the free
 * object that it overlaps most (of equals the last), and one that does not count only where there is no other.
 *
 * @param overlaps - `[detections, objects]`, best score first.
 * @returns The object of each detection, by index; -1 for none.
 * @see pycocotools `COCOeval.evaluateImg`
 */
export function matchDetections(
  overlaps: Float64Array,
  { order, counting, isCrowd }: Targets,
  minIou: number,
): Int32Array {
  const objects = order.length;
  const detections = objects === 0 ? 0 : overlaps.length / objects;
  const isTaken = new Uint8Array(objects);
  const matches = new Int32Array(detections).fill(-1);
  const least = Math.min(minIou, ALMOST_ONE);
  for (let detection = 0; detection < detections; detection++) {
    const row = detection * objects;
    let found = -1;
    let best = least;
    for (let i = 0; i < objects; i++) {
      if (i === counting && found !== -1) break;
      const object = order[i]!;
      if (isTaken[object] === 1 && isCrowd[object] === 0) continue;
      const overlap = overlaps[row + object]!;
      if (overlap < best) continue;
      best = overlap;
      found = object;
    }
    if (found === -1) continue;
    isTaken[found] = 1;
    matches[detection] = found;
  }
  return matches;
}
