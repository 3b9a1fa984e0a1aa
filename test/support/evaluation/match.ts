import { area, intersection, iou, type Xyxy } from '../../../src/core/box.js';

/** An object that is to be found, of one class. */
export interface Target {
  readonly box: Xyxy;
  readonly crowd?: boolean; // a region of many: finding it is neither right nor wrong, however often
  readonly ignored?: boolean; // finding it is neither right nor wrong, once
}

/** A detection of one class, and what it is worth. */
export interface Match {
  readonly score: number;
  readonly verdict: 'right' | 'wrong' | 'ignored';
}

/**
 * Matches the detections of one class in one image to its objects, as pycocotools does: the best score chooses first,
 * and takes the free object that it overlaps most; a crowd or an ignored one only where there is no such object.
 *
 * @param detections - Best score first.
 * @param minIou - An overlap below this is no match. With a crowd, overlap is the share of the detection that lies in
 *   it.
 * @see pycocotools `COCOeval.evaluateImg`
 */
export function matchDetections(
  detections: readonly { score: number; box: Xyxy }[],
  targets: readonly Target[],
  minIou: number,
): Match[] {
  const isIgnored = ({ crowd, ignored }: Target) => crowd === true || ignored === true;
  const free = new Set(targets.filter((target) => !isIgnored(target)));
  const ignored = new Set(targets.filter(isIgnored));
  return detections.map(({ score, box }) => {
    const overlapWith = (target: Target) =>
      target.crowd === true ? shareWithin(box, target.box) : iou(box, target.box);
    const found = best(free, minIou, overlapWith);
    if (found !== undefined) {
      free.delete(found);
      return { score, verdict: 'right' };
    }
    const without = best(ignored, minIou, overlapWith);
    if (without !== undefined && without.crowd !== true) ignored.delete(without);
    return { score, verdict: without === undefined ? 'wrong' : 'ignored' };
  });
}

/** The one that overlaps most; of equals the last, as in the original. */
function best(targets: Iterable<Target>, minIou: number, overlapWith: (target: Target) => number): Target | undefined {
  let found: Target | undefined;
  let least = Math.min(minIou, 1 - 1e-10); // as the original: exact overlap counts at a threshold of 1
  for (const target of targets) {
    const overlap = overlapWith(target);
    if (overlap < least) continue;
    found = target;
    least = overlap;
  }
  return found;
}

function shareWithin(box: Xyxy, region: Xyxy): number {
  const shared = intersection(box, region);
  return shared === 0 ? 0 : shared / area(box);
}
