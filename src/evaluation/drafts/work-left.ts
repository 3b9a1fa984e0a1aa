import type { WorkLeft } from '../../core/review/seconds.js';
import type { EvaluatedImage } from '../evaluated-image.js';
import { pairGreedily } from './pair-greedily.js';

/** From this IoU on, a person leaves a box as it is. */
export const STAYS_FROM = 0.9;
/** From this IoU on, a person moves a box's sides instead of drawing another one. */
export const ADJUSTED_FROM = 0.5;

/**
 * Drafts are paired with objects of their class, the largest overlap first. Drafts in crowds are left out.
 *
 * @param images - With those detections alone that are shown.
 * @returns By class, of those that have a draft or an object.
 */
export function workLeftByClass(images: readonly EvaluatedImage[]): Map<number, WorkLeft> {
  const work = new Map<number, { -readonly [Key in keyof WorkLeft]: WorkLeft[Key] }>();
  const of = (classId: number) => {
    const own = work.get(classId) ?? { stay: 0, adjust: 0, delete: 0, draw: 0 };
    work.set(classId, own);
    return own;
  };
  for (const image of images) {
    const { pairs, missed, surplus } = pairGreedily(image, { minIou: ADJUSTED_FROM, acrossClasses: false });
    for (const { object, iou } of pairs) of(object.classId)[iou >= STAYS_FROM ? 'stay' : 'adjust']++;
    for (const { classId } of missed) of(classId).draw++;
    for (const { classId } of surplus) of(classId).delete++;
  }
  return work;
}

export function sumWork(parts: Iterable<WorkLeft>): WorkLeft {
  const sum = { stay: 0, adjust: 0, delete: 0, draw: 0 };
  for (const part of parts) {
    sum.stay += part.stay;
    sum.adjust += part.adjust;
    sum.delete += part.delete;
    sum.draw += part.draw;
  }
  return sum;
}
