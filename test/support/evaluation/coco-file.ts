import type { Xywh } from '../../../src/core/box.js';
import type { EvaluatedImage } from '../../../src/evaluation/evaluated-image.js';

/** The parts of a COCO file that the evaluation reads. */
export interface CocoTruth {
  readonly images: readonly { readonly id: number; readonly file_name: string }[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly annotations: readonly {
    readonly image_id: number;
    readonly category_id: number;
    readonly bbox: Xywh;
    readonly area?: number; // of the object's outline; default: of the box
    readonly iscrowd?: 0 | 1;
  }[];
}

/** A line of a COCO results file. */
export interface CocoResult {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: Xywh;
  readonly score: number;
}

/** Images in the order of their ids, with their objects and what was found in them. */
export function toEvaluated({ images, annotations }: CocoTruth, results: readonly CocoResult[]): EvaluatedImage[] {
  const objects = byImage(annotations);
  const found = byImage(results);
  return [...images]
    .sort((a, b) => a.id - b.id)
    .map(({ id }) => ({
      objects: (objects.get(id) ?? []).map(({ category_id: classId, bbox, area, iscrowd }) => {
        const isCrowd = iscrowd === 1;
        return { classId, box: bbox, isCrowd, ...(area === undefined ? {} : { area }) };
      }),
      detections: (found.get(id) ?? []).map(({ category_id: classId, bbox, score }) => {
        return { classId, score, box: bbox };
      }),
    }));
}

function byImage<Item extends { readonly image_id: number }>(items: readonly Item[]): Map<number, Item[]> {
  const groups = new Map<number, Item[]>();
  for (const item of items) {
    const group = groups.get(item.image_id);
    if (group === undefined) groups.set(item.image_id, [item]);
    else group.push(item);
  }
  return groups;
}
