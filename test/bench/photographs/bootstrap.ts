import { Random } from '../../support/random.js';

const TAIL = 0.025; // outside a 95 % interval, on each side

/** A figure with the interval that 95 % of the resampled sets fall into. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Sets of as many images, drawn with replacement: how often each set has each image. The same for the same seed, so
 * that two settings can be compared on the same sets.
 */
export function drawSets(images: number, { count, seed }: { count: number; seed: number }): Uint16Array[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const weights = new Uint16Array(images);
    for (let i = 0; i < images; i++) weights[random.below(images)]!++;
    return weights;
  });
}

/** The percentile interval of the figures of resampled sets. */
export function estimate(value: number, resampled: readonly number[]): Estimate {
  const sorted = [...resampled].sort((a, b) => a - b);
  return { value, low: quantile(sorted, TAIL), high: quantile(sorted, 1 - TAIL) };
}

/** Between the two nearest values, as numpy's default. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
