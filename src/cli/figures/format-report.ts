import { counted } from '../../core/text.js';
import type { ClassReport, EvaluationReport } from '../../evaluation/report.js';
import { table } from './table.js';

/** More rows are not read; --json has all. */
const MAX_ROWS = 40;
const MAX_PAIRS = 5;

/** The report for people. */
export function formatReport(report: EvaluationReport): string {
  const { images, objects, detections, drafts, iou, per_class: classes } = report;
  const found = classes.filter((one) => one.objects > 0);
  const { rows, left } = classFigureRows(report);
  const lines = [
    `${counted(images, 'image')}, ${counted(objects, 'object')} of ${counted(found.length, 'class', 'classes')}, ` +
      counted(detections, 'detection'),
    '',
    ...figureRows(report).flatMap((figures) => [...table(figures), '']),
    ...table(rows),
    ...left,
    `F1, precision and recall at IoU ${iou}, each with the threshold that is best for the class.`,
    ...describeConfused(report),
    '',
    `Work left: ${counted(drafts, 'draft')} for ${counted(objects, 'object')}`,
    '',
    ...table(workRows(report)),
    '',
    describeWork(report),
  ];
  return `${lines.join('\n')}\n`;
}

/** Average precision and recall, each with a heading. */
export function figureRows({ stats }: EvaluationReport): string[][][] {
  return [
    [
      ['', 'all', 'IoU 0.5', 'IoU 0.75', 'small', 'medium', 'large'],
      ['AP', ...[stats.AP, stats.AP50, stats.AP75, stats.APsmall, stats.APmedium, stats.APlarge].map(figure)],
    ],
    [
      ['', '1 box', '10 boxes', '100 boxes', 'small', 'medium', 'large'],
      ['AR', ...[stats.AR1, stats.AR10, stats.AR100, stats.ARsmall, stats.ARmedium, stats.ARlarge].map(figure)],
    ],
  ];
}

/** With a heading; the classes with most objects, and which are left out. */
export function classFigureRows({ per_class: classes }: EvaluationReport): { rows: string[][]; left: string[] } {
  const found = classes.filter((one) => one.objects > 0);
  const shown = found.length > MAX_ROWS ? [...found].sort((a, b) => b.objects - a.objects).slice(0, MAX_ROWS) : found;
  const heading = ['class', 'objects', 'AP', 'AP50', 'best F1', 'threshold', 'precision', 'recall'];
  const left =
    shown.length < found.length
      ? [`The ${shown.length} of ${found.length} classes with most objects; --json has all.`]
      : [];
  return { rows: [heading, ...shown.map((one) => formatClass(one))], left };
}

function formatClass({ name, objects, ap, ap50, best_f1: best }: ClassReport): string[] {
  const values = best === null ? ['-', '-', '-', '-'] : [best.f1, null, best.precision, best.recall].map(figure);
  if (best !== null) values[1] = String(best.threshold);
  return [name, String(objects), figure(ap), figure(ap50), ...values];
}

export function describeConfused({ confusion: { confused }, iou }: EvaluationReport): string[] {
  if (confused.length === 0) return [];
  const pairs = confused.slice(0, MAX_PAIRS).map(({ classes: [a, b], count }) => `${a} and ${b} (${count})`);
  const more = confused.length - pairs.length;
  return [`Taken for each other, at IoU ${iou}: ${pairs.join(', ')}${more > 0 ? ` and ${more} more pairs` : ''}.`];
}

/** With a heading. */
export function workRows({ work_left: work }: EvaluationReport): string[][] {
  const { shares } = work;
  return [
    ['', 'boxes', 'share'],
    ['can stay (IoU from 0.9)', String(work.stay), `${percent(shares.stay)} of drafts`],
    ['to be adjusted (IoU from 0.5)', String(work.adjust), `${percent(shares.adjust)} of drafts`],
    ['to be deleted', String(work.delete), `${percent(shares.delete)} of drafts`],
    ['still to be drawn', String(work.draw), `${percent(shares.draw)} of objects`],
  ];
}

export function describeWork({ work_left: { hours, hours_without_drafts: without } }: EvaluationReport): string {
  const saved =
    without === 0 ? '' : `, ${percent(1 - hours / without)} less than the ${duration(without)} without drafts`;
  return `About ${duration(hours)} of work${saved}.`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function duration(hours: number): string {
  return hours < 1 ? `${(60 * hours).toFixed(1)} min` : `${hours.toFixed(1)} h`;
}

function figure(value: number | null): string {
  return value === null || value < 0 ? '-' : value.toFixed(3);
}
