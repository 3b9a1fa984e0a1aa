import { counted, printable } from '../../core/text.js';
import type { ReadStatistics } from '../../statistics/read-statistics.js';
import type { Spread } from '../../statistics/histogram.js';
import type { ClassStatistics, Statistics } from '../../statistics/statistics.js';
import { describeReview } from './format-review.js';
import { table } from './table.js';

/** More rows are not read; --json has all. */
const MAX_CLASSES = 40;

/** The statistics for people. */
export function formatStatistics({
  statistics,
  failed = {},
  review,
}: Pick<ReadStatistics, 'statistics' | 'failed' | 'review'>): string {
  const { classes, thresholds } = statistics;
  const lines = [
    ...describeCounts(statistics),
    ...describeFailed(failed),
    ...(review === undefined ? [] : [describeReview(review)]),
    ...describeSizes(statistics),
    '',
    ...table(classRows(classes)),
    ...describeOthers(classes),
    ...(thresholds.length === 0 ? [] : ['', ...table(thresholdRows(statistics))]),
  ];
  return `${lines.join('\n')}\n`;
}

export function describeCounts(statistics: Statistics): string[] {
  const {
    images,
    boxes,
    images_with_boxes: withBoxes,
    images_without_boxes: without,
    left_out_without_boxes: leftOut = 0,
    left_out_unreviewed: unreviewed = 0,
    images_by_part: parts,
  } = statistics;
  const unseen = [
    leftOut > 0 ? `, ${leftOut} more are left out (--negatives)` : '',
    unreviewed > 0 ? `, ${unreviewed} that are not reviewed are left out (--only-reviewed)` : '',
  ].join('');
  const perImage = statistics.boxes_per_image;
  const most =
    perImage === null || boxes === 0 ? '' : `; an image has ${perImage.median} (median), at most ${perImage.max}`;
  return [
    `${counted(images, 'image')}, ${withBoxes} with boxes and ${without} without${unseen}. ` +
      `${counted(boxes, 'box', 'boxes')}${most}.`,
    ...(parts === undefined ? [] : [`Parts: ${listCounts(parts)}.`]),
  ];
}

export function describeFailed(failed: Readonly<Record<string, number>>): string[] {
  const total = Object.values(failed).reduce((sum, count) => sum + count, 0);
  return total === 0 ? [] : [`Failed: ${total} (${listCounts(failed)}).`];
}

export function describeSizes({ box_sizes: sizes, image_sizes: images, boxes }: Statistics): string[] {
  const { small, medium, large, relative } = sizes;
  const share =
    relative === null ? '' : ` Their sides, as shares of the image's: ${describeSpread(relative, percent)}.`;
  const { width, height, common, different, unknown } = images;
  const most =
    common[0] === undefined ? '' : `, most often ${common[0].width} x ${common[0].height} (${common[0].images})`;
  return [
    ...(boxes === 0
      ? []
      : [`Boxes: ${small} small (below 32 x 32 px), ${medium} medium (below 96 x 96), ${large} large.${share}`]),
    ...(width === null || height === null
      ? []
      : [
          `Images: widths of ${width.min} to ${width.max} px, heights of ${height.min} to ${height.max} px; ` +
            `${counted(different, 'size')}${most}.`,
        ]),
    ...(unknown > 0 ? [`The size of ${counted(unknown, 'image')} is not known.`] : []),
  ];
}

/** With a heading; the classes with most boxes. */
export function classRows(classes: readonly ClassStatistics[]): string[][] {
  const hasThreshold = classes.some(({ threshold }) => threshold !== undefined);
  const hasScores = classes.some(({ scores }) => scores !== null);
  return [
    ['class', 'boxes', 'images', ...(hasThreshold ? ['threshold'] : []), ...(hasScores ? SPREAD : [])],
    ...shownClasses(classes).map(({ name, boxes, images, threshold, scores }) => [
      printable(name),
      String(boxes),
      String(images),
      ...(hasThreshold ? [String(threshold ?? '')] : []),
      ...(hasScores ? spreadCells(scores) : []),
    ]),
  ];
}

const SPREAD = ['score min', '25 %', 'median', '75 %', 'max'];

function spreadCells(scores: Spread | null): string[] {
  if (scores === null) return ['-', '-', '-', '-', '-'];
  return [scores.min, scores.q1, scores.median, scores.q3, scores.max].map((score) => score.toFixed(3));
}

function shownClasses(classes: readonly ClassStatistics[]): readonly ClassStatistics[] {
  const found = classes.filter(({ boxes }) => boxes > 0);
  return [...found].sort((a, b) => b.boxes - a.boxes).slice(0, MAX_CLASSES);
}

/** What the table of classes leaves out. */
export function describeOthers(classes: readonly ClassStatistics[]): string[] {
  const found = classes.filter(({ boxes }) => boxes > 0).length;
  const without = classes.length - found;
  return [
    ...(found > MAX_CLASSES ? [`The ${MAX_CLASSES} of ${found} classes with most boxes; --json has all.`] : []),
    ...(without > 0 ? [`${counted(without, 'class', 'classes')} without a box.`] : []),
  ];
}

/** With a heading. */
export function thresholdRows({ thresholds }: Statistics): string[][] {
  return [
    ['score above', 'boxes', 'images with boxes'],
    ...thresholds.map(({ threshold, boxes, images_with_boxes: images }) => [
      threshold.toFixed(2),
      String(boxes),
      String(images),
    ]),
  ];
}

function describeSpread({ min, q1, median, q3, max }: Spread, format: (value: number) => string): string {
  return `${format(min)} to ${format(max)}, half of them ${format(q1)} to ${format(q3)}, median ${format(median)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function listCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${printable(name)}`)
    .join(', ');
}
