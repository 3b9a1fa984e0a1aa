import type { Xyxy } from '../../../src/core/box.js';
import { matchDetections, type Match, type Target } from './match.js';

/** IoU 0.5, 0.55 … 0.95, bit by bit as numpy's `linspace` has them: an overlap of exactly 0.85 must count. */
export const COCO_IOUS: readonly number[] = Array.from({ length: 10 }, (_, i) => 0.5 + i * ((0.95 - 0.5) / 9));

const RECALLS = Array.from({ length: 101 }, (_, i) => i * 0.01); // as above

/** What is in an image, and what was found there. Classes are any numbers that both sides share. */
export interface EvaluatedImage {
  readonly objects: readonly (Target & { classId: number })[];
  readonly detections: readonly FoundObject[];
}

interface FoundObject {
  readonly classId: number;
  readonly score: number;
  readonly box: Xyxy;
}

export interface AveragePrecision {
  readonly map: number; // mean over classes and over all IoUs asked for, 0–1; 0 where nothing was to be found
  readonly map50: number; // at IoU 0.5
  readonly perClass: ReadonlyMap<number, number>; // over all IoUs; classes with an object that is no crowd, ascending
}

/** One class in one image. */
interface Scene {
  readonly targets: Target[];
  readonly found: FoundObject[];
}

/**
 * COCO's measure: 101-point interpolated average precision, at most `maxDetections` an image and class, objects of all
 * sizes. Classes without an object do not count.
 *
 * @param images - In the order of their ids: it decides between equal scores, as in the original.
 * @see pycocotools `COCOeval` (bbox), `stats[0]` and `stats[1]`
 */
export function averagePrecision(
  images: readonly EvaluatedImage[],
  { ious = COCO_IOUS, maxDetections = 100 }: { ious?: readonly number[]; maxDetections?: number } = {},
): AveragePrecision {
  const perClass = new Map<number, number>();
  const at50: number[] = [];
  for (const [classId, scenes] of scenesByClass(images, maxDetections)) {
    const objectCount = scenes.reduce(
      (count, { targets }) => count + targets.filter(({ crowd }) => crowd !== true).length,
      0,
    );
    if (objectCount === 0) continue;
    const at = (minIou: number) =>
      interpolated(
        scenes.flatMap(({ found, targets }) => matchDetections(found, targets, minIou)),
        objectCount,
      );
    perClass.set(classId, mean(ious.map(at)));
    at50.push(at(0.5));
  }
  return { map: mean([...perClass.values()]), map50: mean(at50), perClass };
}

function scenesByClass(images: readonly EvaluatedImage[], maxDetections: number): [number, Scene[]][] {
  const classes = new Map<number, Scene[]>();
  for (const { objects, detections } of images) {
    const scenes = new Map<number, Scene>();
    const sceneOf = (classId: number) => {
      const scene = scenes.get(classId) ?? { targets: [], found: [] };
      scenes.set(classId, scene);
      return scene;
    };
    for (const object of objects) sceneOf(object.classId).targets.push(object);
    for (const detection of detections) sceneOf(detection.classId).found.push(detection);
    for (const [classId, { targets, found }] of scenes) {
      const best = found.sort((a, b) => b.score - a.score).slice(0, maxDetections);
      const earlier = classes.get(classId);
      if (earlier === undefined) classes.set(classId, [{ targets, found: best }]);
      else earlier.push({ targets, found: best });
    }
  }
  return [...classes].sort(([a], [b]) => a - b);
}

/** Mean of the best precision at or beyond each of 101 recalls. */
function interpolated(matches: readonly Match[], objectCount: number): number {
  const ranked = matches.filter(({ verdict }) => verdict !== 'ignored').sort((a, b) => b.score - a.score);
  let right = 0;
  const curve = ranked.map(({ verdict }, i) => {
    if (verdict === 'right') right++;
    return { recall: right / objectCount, precision: right / (i + 1) };
  });
  let best = 0;
  const envelope = curve.map(() => 0);
  for (let i = curve.length - 1; i >= 0; i--) envelope[i] = best = Math.max(best, curve[i]!.precision);
  let at = 0;
  return mean(
    RECALLS.map((recall) => {
      while (at < curve.length && curve[at]!.recall < recall) at++;
      return envelope[at] ?? 0;
    }),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
