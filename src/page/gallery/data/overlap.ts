import { iou } from '../../../core/box.js';
import { PIXEL_STEPS } from '../../../core/gallery/pack.js';

/**
 * Whether the IoU of two boxes is above `maxIou`. Most pairs share nothing, which whole numbers tell; of all
 * others, the same function as everywhere decides.
 *
 * @param corners - As in a pack.
 */
// eslint-disable-next-line max-params -- in the innermost loop: an object for each call doubles its time
export function overlapsMore(corners: Uint32Array, a: number, b: number, maxIou: number): boolean {
  const [i, j] = [4 * a, 4 * b];
  if (corners[i]! >= corners[j + 2]! || corners[j]! >= corners[i + 2]!) return false;
  if (corners[i + 1]! >= corners[j + 3]! || corners[j + 1]! >= corners[i + 3]!) return false;
  const box = (at: number) =>
    [
      corners[at]! / PIXEL_STEPS,
      corners[at + 1]! / PIXEL_STEPS,
      corners[at + 2]! / PIXEL_STEPS,
      corners[at + 3]! / PIXEL_STEPS,
    ] as const;
  return iou(box(i), box(j)) > maxIou;
}
