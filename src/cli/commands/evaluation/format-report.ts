import { counted } from '../../../core/text.js';
import type { ClassReport, EvaluationReport } from '../../../evaluation/report.js';

/** More rows are not read; --json has all. */
const MAX_ROWS = 40;
const MAX_PAIRS = 5;

/** The report for people. */
export function formatReport(report: EvaluationReport): string {
  const { images, objects, detections, stats, iou, per_class: classes } = report;
  const found = classes.filter((one) => one.objects > 0);
  const rows = found.length > MAX_ROWS ? [...found].sort((a, b) => b.objects - a.objects).slice(0, MAX_ROWS) : found;
  const lines = [
    `${counted(images, 'image')}, ${counted(objects, 'object')} of ${counted(found.length, 'class', 'classes')}, ` +
      counted(detections, 'detection'),
    '',
    ...table([
      ['', 'all', 'IoU 0.5', 'IoU 0.75', 'small', 'medium', 'large'],
      ['AP', ...[stats.AP, stats.AP50, stats.AP75, stats.APsmall, stats.APmedium, stats.APlarge].map(figure)],
    ]),
    '',
    ...table([
      ['', '1 box', '10 boxes', '100 boxes', 'small', 'medium', 'large'],
      ['AR', ...[stats.AR1, stats.AR10, stats.AR100, stats.ARsmall, stats.ARmedium, stats.ARlarge].map(figure)],
    ]),
    '',
    ...table([
      ['class', 'objects', 'AP', 'AP50', 'best F1', 'threshold', 'precision', 'recall'],
      ...rows.map((one) => formatClass(one)),
    ]),
    ...(rows.length < found.length
      ? [`The ${rows.length} of ${found.length} classes with most objects; --json has all.`]
      : []),
    `F1, precision and recall at IoU ${iou}, each with the threshold that is best for the class.`,
    ...formatConfused(report),
    '',
    ...formatWork(report),
  ];
  return `${lines.join('\n')}\n`;
}

function formatClass({ name, objects, ap, ap50, best_f1: best }: ClassReport): string[] {
  const values = best === null ? ['-', '-', '-', '-'] : [best.f1, null, best.precision, best.recall].map(figure);
  if (best !== null) values[1] = String(best.threshold);
  return [name, String(objects), figure(ap), figure(ap50), ...values];
}

function formatConfused({ confusion: { confused }, iou }: EvaluationReport): string[] {
  if (confused.length === 0) return [];
  const pairs = confused.slice(0, MAX_PAIRS).map(({ classes: [a, b], count }) => `${a} and ${b} (${count})`);
  const more = confused.length - pairs.length;
  return [`Taken for each other, at IoU ${iou}: ${pairs.join(', ')}${more > 0 ? ` and ${more} more pairs` : ''}.`];
}

function formatWork({ drafts, objects, work_left: work }: EvaluationReport): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const { shares, hours, hours_without_drafts: without } = work;
  const saved =
    without === 0 ? '' : `, ${percent(1 - hours / without)} less than the ${duration(without)} without drafts`;
  return [
    `Work left: ${counted(drafts, 'draft')} for ${counted(objects, 'object')}`,
    '',
    ...table([
      ['', 'boxes', 'share'],
      ['can stay (IoU from 0.9)', String(work.stay), `${percent(shares.stay)} of drafts`],
      ['to be adjusted (IoU from 0.5)', String(work.adjust), `${percent(shares.adjust)} of drafts`],
      ['to be deleted', String(work.delete), `${percent(shares.delete)} of drafts`],
      ['still to be drawn', String(work.draw), `${percent(shares.draw)} of objects`],
    ]),
    '',
    `About ${duration(hours)} of work${saved}.`,
  ];
}

function duration(hours: number): string {
  return hours < 1 ? `${(60 * hours).toFixed(1)} min` : `${hours.toFixed(1)} h`;
}

function figure(value: number | null): string {
  return value === null || value < 0 ? '-' : value.toFixed(3);
}

/** Aligned columns: the first to the left, others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
