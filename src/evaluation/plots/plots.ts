import { f1Of } from '../curve.js';
import type { ClassReport, EvaluationReport } from '../report.js';
import { matrixFile } from './matrix.js';
import { panelsFile, type Panel } from './panels.js';

/** Files of plots, by name. Classes without objects are left out. */
export function plotFiles(report: EvaluationReport): ReadonlyMap<string, string> {
  const { per_class: all, confusion, iou } = report;
  const classes = all.filter(({ objects }) => objects > 0);
  return new Map([
    [
      'precision-recall.svg',
      panelsFile(classes.map(precisionRecallPanel), {
        title: 'Precision and recall by class',
        note: `At IoU ${iou}. AP is the mean over IoU 0.5 to 0.95. The dot has the best F1.`,
        x: 'recall',
        y: 'precision',
      }),
    ],
    [
      'f1-by-threshold.svg',
      panelsFile(classes.map(f1Panel), {
        title: 'F1 by threshold and class',
        note: `At IoU ${iou}. The dot has the best F1, and the figure its threshold.`,
        x: 'threshold',
        y: 'F1',
      }),
    ],
    ['confusion-matrix.svg', matrixFile(confusion, iou)],
  ]);
}

function precisionRecallPanel({ name, ap, best_f1: best, precision_recall: points }: ClassReport): Panel {
  return {
    name,
    note: ap === null ? '' : `AP ${ap.toFixed(2)}`,
    points: points.map(({ recall, precision }) => ({ x: recall, y: precision })),
    marked: best === null ? undefined : { x: best.recall, y: best.precision },
  };
}

/** From threshold 0 on, where all detections are shown. */
function f1Panel({ name, best_f1: best, precision_recall: points }: ClassReport): Panel {
  const line = points.map((point) => ({ x: point.score, y: f1Of(point) })).reverse();
  const steps = line.flatMap(({ x, y }, i) => [
    { x: i === 0 ? 0 : line[i - 1]!.x, y },
    { x, y },
  ]);
  return {
    name,
    note: best === null ? '' : String(best.threshold),
    points: steps,
    marked: best === null ? undefined : { x: best.threshold, y: best.f1 },
  };
}
