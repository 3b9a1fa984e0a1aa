import type { GalleryPack } from '../core/gallery/pack.js';
import { nearestToThreshold } from '../core/gallery/uncertainty.js';

/**
 * The images of a pack, those first about which the model is least certain: a score is near the threshold of its class.
 * Images without boxes come last.
 */
export function uncertainFirst({ facts, boxes }: GalleryPack): number[] {
  const thresholds = facts.classes.map(({ threshold }) => threshold);
  const nearest = facts.images.ids.map((_, image) => nearestToThreshold(image, { boxes, thresholds }));
  const order = [...nearest.keys()];
  return order.sort((a, b) => (nearest[a] === nearest[b] ? a - b : nearest[a]! - nearest[b]!));
}
