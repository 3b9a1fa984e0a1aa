import { SCORE_STEPS, type GalleryPack } from '../core/gallery/pack.js';

/**
 * The images of a pack, those first about which the model is least certain: a score is near the threshold of its class.
 * Images without boxes come last.
 */
export function uncertainFirst({ facts, boxes }: GalleryPack): number[] {
  const thresholds = facts.classes.map(({ threshold }) => Math.round(threshold * SCORE_STEPS));
  const nearest = facts.images.ids.map((_, image) => {
    let distance = Infinity;
    for (let row = boxes.starts[image]!; row < boxes.starts[image + 1]!; row++) {
      distance = Math.min(distance, Math.abs(boxes.scores[row]! - thresholds[boxes.classes[row]!]!));
    }
    return distance;
  });
  const order = [...nearest.keys()];
  return order.sort((a, b) => (nearest[a] === nearest[b] ? a - b : nearest[a]! - nearest[b]!));
}
