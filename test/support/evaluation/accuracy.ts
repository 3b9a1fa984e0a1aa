import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { xywhToXyxy, xyxyToXywh, type Xywh } from '../../../src/core/box.js';
import { suppress } from '../../../src/core/select.js';
import { averagePrecision, type Averages } from './averages.js';

/** The parts of a COCO file that are compared. */
export interface Coco {
  images: { id: number; file_name: string; width: number; height: number }[];
  categories: { id: number; name: string; supercategory: string }[];
  annotations: { id: number; image_id: number; category_id: number; bbox: Xywh; score: number }[];
}

/**
 * mAP of a run's stored detections against the scenes' ground truth: after NMS at 0.5, as the model's card has it, or
 * as `results.json` holds them.
 */
export async function accuracyOf(outDir: string, scenes: string, { isSuppressed = true } = {}): Promise<Averages> {
  const read = async <Content>(path: string) => JSON.parse(await readFile(path, 'utf8')) as Content;
  const truth = await read<Coco>(join(scenes, 'instances.json'));
  const ours = await read<Coco>(join(outDir, 'coco/instances.json'));
  const results = await read<Coco['annotations']>(join(outDir, 'coco/results.json'));
  const idOf = new Map(ours.images.map(({ file_name: name, id }) => [name, id]));
  return averagePrecision(
    truth.images.map(({ id, file_name: name }) => {
      const objects = truth.annotations.filter(({ image_id: imageId }) => imageId === id);
      const stored = results.filter(({ image_id: imageId }) => imageId === idOf.get(name));
      const detections = stored.map(({ category_id: classId, score, bbox }) => ({
        ...{ classId, queryId: 0, patchId: 0, score },
        box: xywhToXyxy(bbox),
      }));
      const shown = isSuppressed ? suppress(detections, () => 0.5, false) : detections;
      return {
        objects: objects.map(({ category_id: classId, bbox }) => ({ classId, box: bbox })),
        detections: shown.map((detection) => ({ ...detection, box: xyxyToXywh(detection.box) })),
      };
    }),
  );
}
