import { bestF1, precisionRecallOf, thinned, type OperatingPoint } from './curve.js';
import type { ComparedClass } from './compare/compare.js';
import { confusionOf, listConfused } from './drafts/confusion.js';
import type { EvaluatedImage } from './evaluated-image.js';
import { Evaluation } from './evaluation.js';
import { classStatsOf, precisionsByIou, statsOf, type ClassStats, type Stats } from './figures.js';
import { secondsOf, type SecondsPerBox, type WorkLeft } from '../core/review/seconds.js';
import { sumWork, workLeftByClass } from './drafts/work-left.js';

/** What is measured. Classes of boxes are places in `classes`. */
export interface Evaluated {
  readonly classes: readonly ComparedClass[];
  readonly ranked: readonly EvaluatedImage[]; // with all detections, down to the weakest
  readonly drafts: readonly EvaluatedImage[]; // with those that are shown
}

export interface ReportOptions {
  readonly iou: number; // from which a box counts as found, for everything but COCO's figures
  readonly seconds: SecondsPerBox;
}

const MAX_POINTS = 200; // of a curve: more are not to be seen

/** How good detections are, in the form in which it is printed as JSON. */
export interface EvaluationReport {
  readonly images: number;
  readonly objects: number; // without crowds
  readonly detections: number; // that were ranked
  readonly drafts: number; // that are shown
  readonly stats: Stats;
  readonly ap_by_iou: readonly number[];
  readonly iou: number;
  readonly per_class: readonly ClassReport[];
  readonly confusion: ConfusionReport;
  readonly work_left: WorkReport;
}

export interface ClassReport extends Omit<ClassStats, 'classId'> {
  readonly category_id: number;
  readonly name: string;
  readonly best_f1: OperatingPoint | null;
  readonly work_left: WorkLeft;
  readonly precision_recall: readonly PrecisionRecallPoint[]; // from the highest score
}

export interface PrecisionRecallPoint {
  readonly score: number; // the lowest that is shown
  readonly precision: number;
  readonly recall: number;
}

export interface ConfusionReport {
  readonly classes: readonly string[];
  readonly matrix: readonly (readonly number[])[]; // objects by row, boxes by column; the background is last
  readonly confused: readonly { readonly classes: readonly [string, string]; readonly count: number }[];
}

export interface WorkReport extends WorkLeft {
  readonly shares: WorkLeft; // of drafts; of `draw`, of objects
  readonly hours: number;
  readonly hours_without_drafts: number;
}

const NO_WORK: WorkLeft = { stay: 0, adjust: 0, delete: 0, draw: 0 };

export function reportOn({ classes, ranked, drafts }: Evaluated, { iou, seconds }: ReportOptions): EvaluationReport {
  const evaluation = new Evaluation(ranked);
  const places = [...classes.keys()];
  const work = workLeftByClass(drafts);
  const curves = curvesOf(ranked, iou);
  const stats = classStatsOf(evaluation, places);
  const { matrix, ...confusion } = confusionOf(drafts, places, iou);
  const nameOf = (place: number) => classes[place]!.name;
  return {
    images: ranked.length,
    objects: count(ranked, ({ objects }) => objects.filter(({ isCrowd }) => isCrowd !== true)),
    detections: count(ranked, ({ detections }) => detections),
    drafts: count(drafts, ({ detections }) => detections),
    stats: statsOf(evaluation),
    ap_by_iou: precisionsByIou(evaluation),
    iou,
    per_class: stats.map(({ classId, ...figures }) => {
      const curve = curves.get(classId);
      return {
        category_id: classes[classId]!.id,
        name: nameOf(classId),
        ...figures,
        best_f1: (curve && bestF1(curve)) ?? null,
        work_left: work.get(classId) ?? NO_WORK,
        precision_recall: thinned(curve?.points ?? [], MAX_POINTS).map(({ score, precision, recall }) => {
          return { score, precision, recall };
        }),
      };
    }),
    confusion: {
      classes: classes.map(({ name }) => name),
      matrix,
      confused: listConfused({ matrix, ...confusion }).map(({ classIds: [a, b], count }) => {
        return { classes: [nameOf(a), nameOf(b)], count };
      }),
    },
    work_left: reportWork(sumWork(work.values()), seconds),
  };
}

/** Precision and recall by class, with every detection, however many an image has. */
function curvesOf(images: readonly EvaluatedImage[], iou: number) {
  const { classes } = new Evaluation(images, { ious: [iou], maxDetections: Infinity });
  return new Map(classes.map((ranked) => [ranked.classId, precisionRecallOf(ranked)]));
}

function reportWork(work: WorkLeft, seconds: SecondsPerBox): WorkReport {
  const { stay, adjust, delete: surplus, draw } = work;
  const shareOf = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  const drafts = stay + adjust + surplus;
  const { left, withoutDrafts } = secondsOf(work, seconds);
  return {
    ...work,
    shares: {
      stay: shareOf(stay, drafts),
      adjust: shareOf(adjust, drafts),
      delete: shareOf(surplus, drafts),
      draw: shareOf(draw, stay + adjust + draw),
    },
    hours: left / 3600,
    hours_without_drafts: withoutDrafts / 3600,
  };
}

function count(images: readonly EvaluatedImage[], boxesOf: (image: EvaluatedImage) => readonly unknown[]): number {
  return images.reduce((sum, image) => sum + boxesOf(image).length, 0);
}
