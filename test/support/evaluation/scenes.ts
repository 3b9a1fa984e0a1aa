import type { Xywh } from '../../../src/core/box.js';
import type { EvaluatedImage } from '../../../src/evaluation/evaluated-image.js';

const CLASSES = [1, 2, 3, 7];

/**
 * Images with objects, near misses, doubled and wrong detections, and many equal scores, the same for the same seed.
 * Integer boxes, so that overlaps fall exactly on thresholds.
 *
 * @param crowds - Share of objects that are crowds.
 */
export function randomScenes(seed: number, { crowds }: { crowds: number }): EvaluatedImage[] {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return Array.from({ length: 40 }, () => {
    const objects = Array.from({ length: below(8) }, () => {
      const [x, y] = [below(60), below(60)];
      const box: Xywh = [x, y, 5 + below(35), 5 + below(35)];
      return { classId: CLASSES[below(4)]!, box, isCrowd: below(100) < crowds * 100 };
    });
    const detections = objects.flatMap(({ classId, box }) =>
      Array.from({ length: below(4) }, () => {
        const [dx, dy] = [below(7) - 3, below(7) - 3];
        const near: Xywh = [box[0] + dx, box[1] + dy, box[2] + below(5), box[3]];
        return { classId: below(8) > 0 ? classId : CLASSES[below(4)]!, score: below(50) / 50, box: near };
      }),
    );
    return { objects, detections };
  });
}
