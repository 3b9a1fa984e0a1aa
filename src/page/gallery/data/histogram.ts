import { SCORE_STEPS, type GalleryPack } from '../../../core/gallery/pack.js';

export const BINS = 50;

/** How many stored boxes of each class have a score in each 50th from 0 to 1, whether they are shown or not. */
export function countScores({ facts, boxes }: GalleryPack): Uint32Array[] {
  const counts = facts.classes.map(() => new Uint32Array(BINS));
  const { scores, classes } = boxes;
  for (let row = 0; row < scores.length; row++) {
    counts[classes[row]!]![Math.min(BINS - 1, Math.floor((scores[row]! * BINS) / SCORE_STEPS))]!++;
  }
  return counts;
}

/** The outline of a histogram in a square of 1 by 1. Heights are logarithmic, because low scores are the most. */
export function histogramPath(counts: Uint32Array): string {
  const most = Math.log1p(Math.max(1, ...counts));
  const steps = [...counts].map((count, i) => {
    const height = Math.log1p(count) / most;
    return `L${i / BINS} ${(1 - height).toFixed(3)}H${(i + 1) / BINS}`;
  });
  return `M0 1${steps.join('')}V1Z`;
}
