import { placeOf } from '../place-of.js';

/**
 * Whether an image with nothing found is among the share of them that views have. That depends on its content alone, so
 * that other images change nothing.
 */
export function isChosenNegative(sha256: string, share: number): boolean {
  return placeOf(`negative:${sha256}`) < share;
}
