import { xyxyToXywh } from '../../core/box.js';
import { compareDetections, type Detection } from '../../core/detection.js';
import { NMS_IOU, select, suppress } from '../../core/select.js';
import { bestF1, precisionRecallOf, type OperatingPoint } from '../curve.js';
import { pairGreedily } from '../drafts/pair-greedily.js';
import type { EvaluatedImage, EvaluatedObject } from '../evaluated-image.js';
import { Evaluation } from '../evaluation.js';
import { classStatsOf } from '../figures.js';
import type { Wording } from './split-ontology.js';

/** A labelled image, and what each wording found there: classes of detections are indices of wordings. */
export interface AskedImage {
  readonly objects: readonly EvaluatedObject[]; // by class of the ontology
  readonly detections: readonly Detection[];
}

export interface WordingFigures {
  readonly ap: number;
  readonly ap50: number;
  readonly recall: number; // with every stored detection
  readonly best_f1: OperatingPoint | null;
}

export interface RankedWording extends WordingFigures {
  readonly prompt: string;
}

/** The wordings of one class, best AP first. */
export interface RankedWordings {
  readonly classId: number;
  readonly objects: number;
  readonly together: WordingFigures;
  readonly prompts: readonly RankedWording[];
}

/** Two classes that are taken for each other, and the prompts that did so. */
export interface ConfusedWordings {
  readonly classIds: readonly [number, number];
  readonly count: number;
  readonly prompts: readonly { readonly prompt: string; readonly count: number }[];
}

/** @returns Of each class with objects. */
export function rankWordings(
  images: readonly AskedImage[],
  wordings: readonly Wording[],
  iou: number,
): RankedWordings[] {
  const classIds = [...new Set(wordings.map(({ classId }) => classId))];
  return classIds.flatMap((classId) => {
    const figuresOf = (isMeant: (wording: number) => boolean) =>
      measure(
        images.map((image) => ofClass(image, classId, isMeant)),
        { classId, iou },
      );
    const [objects, together] = figuresOf((i) => wordings[i]!.classId === classId);
    if (objects === 0) return [];
    const prompts = [...wordings.entries()]
      .filter(([, wording]) => wording.classId === classId)
      .map(([index, { prompt }]) => ({ prompt, ...figuresOf((i) => i === index)[1] }));
    return { classId, objects, together, prompts: prompts.sort((a, b) => b.ap - a.ap || b.ap50 - a.ap50) };
  });
}

/** The detections of some wordings of a class: of each box the best of them, after suppression. */
function ofClass({ objects, detections }: AskedImage, classId: number, isMeant: (wording: number) => boolean) {
  const boxes = new Set<number>();
  const best = detections.filter((one) => isMeant(one.classId)).sort(compareDetections);
  const own = best.filter(({ patchId }) => !boxes.has(patchId) && boxes.add(patchId));
  const kept = suppress(
    own.map((one) => ({ ...one, classId })),
    () => NMS_IOU.prompts,
    false,
  );
  return {
    objects: objects.filter((object) => object.classId === classId),
    detections: kept.map(({ score, box }) => ({ classId, score, box: xyxyToXywh(box) })),
  };
}

function measure(
  images: readonly EvaluatedImage[],
  { classId, iou }: { classId: number; iou: number },
): [objects: number, WordingFigures] {
  const [stats] = classStatsOf(new Evaluation(images), [classId]);
  const [ranked] = new Evaluation(images, { ious: [iou], maxDetections: Infinity }).classes;
  const curve = ranked && precisionRecallOf(ranked);
  const { objects, ap, ap50 } = stats!;
  const recall = curve?.points.at(-1)?.recall ?? 0;
  return [objects, { ap: ap ?? 0, ap50: ap50 ?? 0, recall, best_f1: (curve && bestF1(curve)) ?? null }];
}

/**
 * Pairs of classes of which objects of one were found as the other, most often first.
 *
 * @param thresholds - Of the classes of the ontology; what scores no higher is not shown.
 */
export function listConfusedWordings(
  images: readonly AskedImage[],
  wordings: readonly Wording[],
  { thresholds, iou }: { thresholds: readonly number[]; iou: number },
): ConfusedWordings[] {
  const pairs = new Map<string, { classIds: [number, number]; count: number; prompts: Map<string, number> }>();
  const selection = {
    thresholds: wordings.map(({ classId }) => thresholds[classId]!),
    nmsIou: wordings.map(() => NMS_IOU.prompts),
    classAgnosticNms: false,
    maxDetections: Infinity,
  };
  for (const { objects, detections } of images) {
    const shown = select(detections, selection).map(({ classId: wording, score, box }) => {
      return { classId: wordings[wording]!.classId, wording, score, box: xyxyToXywh(box) };
    });
    for (const { object, detection } of pairGreedily(
      { objects, detections: shown },
      { minIou: iou, acrossClasses: true },
    ).pairs) {
      if (object.classId === detection.classId) continue;
      const classIds = [object.classId, detection.classId].sort((a, b) => a - b) as [number, number];
      const pair = pairs.get(classIds.join()) ?? { classIds, count: 0, prompts: new Map<string, number>() };
      const { prompt } = wordings[(detection as (typeof shown)[number]).wording]!;
      pair.count++;
      pair.prompts.set(prompt, (pair.prompts.get(prompt) ?? 0) + 1);
      pairs.set(classIds.join(), pair);
    }
  }
  return [...pairs.values()]
    .sort((a, b) => b.count - a.count)
    .map(({ prompts, ...pair }) => ({
      ...pair,
      prompts: [...prompts].sort(([, a], [, b]) => b - a).map(([prompt, count]) => ({ prompt, count })),
    }));
}
