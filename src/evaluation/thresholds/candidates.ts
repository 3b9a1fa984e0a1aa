import type { Xywh } from '../../core/box.js';
import { compareDetections, type Detection } from '../../core/detection.js';
import { suppress } from '../../core/select.js';
import type { EvaluatedImage, EvaluatedObject } from '../evaluated-image.js';

/** An image with everything that the model found there. Classes are those of the ontology. */
export interface StoredImage {
  readonly objects: readonly EvaluatedObject[];
  readonly stored: readonly Detection[];
}

/** What decides with the threshold of a class which of its detections are shown. */
export interface Rivals {
  readonly thresholds: readonly number[]; // of all classes; that of the class itself is not looked at
  readonly nmsIou: readonly number[] | null;
}

/**
 * The detections of a class that some threshold of it would show, given those of the other classes: boxes that another
 * class has taken, or that a better one of the class suppresses, are left out. Shown are those that score higher than
 * the threshold, exactly.
 *
 * @see select, which gives the same for all classes at once
 */
export function listCandidates(
  images: readonly StoredImage[],
  classId: number,
  { thresholds, nmsIou }: Rivals,
): EvaluatedImage[] {
  return images.map(({ objects, stored }) => {
    const taken = new Set<number>();
    const own: Detection[] = [];
    for (const detection of [...stored].sort(compareDetections)) {
      const { classId: other, patchId, score } = detection;
      if (other === classId) {
        if (!taken.has(patchId)) own.push(detection);
      } else if (score > thresholds[other]!) taken.add(patchId);
    }
    const kept = nmsIou === null ? own : suppress(own, () => nmsIou[classId]!, false);
    return {
      objects: objects.filter((object) => object.classId === classId),
      detections: kept.map(({ score, box }) => ({ classId, score, box: toSizes(box) })),
    };
  });
}

function toSizes([x1, y1, x2, y2]: Detection['box']): Xywh {
  return [x1, y1, x2 - x1, y2 - y1];
}
