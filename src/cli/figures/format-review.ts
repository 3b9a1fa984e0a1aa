import type { Outcomes } from '../../core/review/outcomes.js';
import type { ReviewProgress } from '../../core/review/progress.js';
import { counted, describeEstimate } from '../../core/text.js';

/** How much of a run is reviewed, on one line. */
export function describeReview({ images, boxes, shares, outcomes, left }: ReviewProgress): string {
  const { kept, corrected, rejected, drawn } = outcomes;
  const todo = left.images === 0 ? '' : ` Left: ${counted(left.images, 'image')}, ${describeEstimate(left.minutes)}.`;
  return (
    `Reviewed: ${images.accepted} of ${counted(images.total, 'image')} (${percent(shares.images)}), ` +
    `${boxes.decided} of ${counted(boxes.total, 'box', 'boxes')} (${percent(shares.boxes)}): ` +
    `${kept} kept, ${corrected} corrected, ${rejected} rejected, ${drawn} drawn.${todo}`
  );
}

/** The same for programs, with the classes. */
export function reviewToJson({ images, boxes, shares, outcomes, outcomesByClass, left }: ReviewProgress) {
  const perClass = [...outcomesByClass].map(([name, one]): { name: string } & Outcomes => ({ name, ...one }));
  return { images, boxes, shares, outcomes, per_class: perClass, left };
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`; // 100 % once it is all
}
