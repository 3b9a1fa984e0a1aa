import { resolve } from 'node:path';
import { readStoredSelection, resolveSelection } from '../config/selection.js';
import type { LabelledImage } from '../core/data-set/data-set.js';
import { ALL_NEGATIVES } from '../core/data-set/negatives.js';
import type { ReviewProgress } from '../core/review/progress.js';
import { indexClasses, toViewBoxes } from '../core/review/view-box.js';
import { select } from '../core/select.js';
import {
  openDataSet,
  openProbe,
  recogniseFormat,
  requireImagesFolder,
  type DataSetFormat,
  type OpenOptions,
} from '../data-set/open.js';
import { readRunReview } from '../data-set/review/run-review.js';
import { countFailures } from '../run/error-log.js';
import { findRunRoot } from '../run/image-root.js';
import { isChosenNegative } from '../run/images/choose-negatives.js';
import { StoredImages } from '../run/images/stored-images.js';
import { openRun, type ShowRun } from '../run/open-run.js';
import { noteReplaced, readCurrentReview } from '../run/review/current-review.js';
import { readSplits } from '../run/split/splits-file.js';
import { StatisticsCounter, type CountedImage, type Statistics } from './statistics.js';

/** What is counted, and of what. */
export interface ReadStatistics {
  readonly format: DataSetFormat;
  readonly statistics: Statistics;
  readonly failed?: Readonly<Record<string, number>>; // of a run: images and folders, by code
  readonly review?: ReviewProgress | undefined; // of a run that people have begun to review
  readonly notes: readonly string[];
}

/** How statistics are read. */
interface StatisticsOptions extends OpenOptions {
  readonly show?: ShowRun | undefined; // of a run
}

/**
 * Counts what a data set of any format, or a run, contains.
 *
 * @throws PreannotateError as {@link openDataSet}
 */
export async function readStatistics(path: string, { show, ...options }: StatisticsOptions): Promise<ReadStatistics> {
  await requireImagesFolder(options.imagesRoot);
  const format = options.format ?? (await recogniseFormat(await openProbe(resolve(path))));
  if (format === 'run') return { format, ...(await countRun(resolve(path), show)) };
  const { classes, images, notes } = await openDataSet(path, { ...options, format });
  const counter = new StatisticsCounter(classes);
  for await (const image of images) counter.add(toCounted(image));
  return { format, statistics: counter.statistics(), notes };
}

/**
 * The boxes are those of its views; thresholds are applied to all that its journal has. Boxes that people decided on
 * are there at every threshold, those that they rejected at none.
 */
export async function countRun(outDir: string, show: ShowRun = (run) => run): Promise<Omit<ReadStatistics, 'format'>> {
  const run = show(await openRun(outDir));
  const { journal, imageIds, ontology, sources, scope, notes } = run;
  const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
  const { thresholds } = selection;
  const { negatives = ALL_NEGATIVES, only_reviewed: onlyReviewed } = scope;
  const floor = journal.header.options.score_floor;
  const everything = { ...selection, thresholds: thresholds.map(() => floor) };
  const splits = scope.split === undefined ? undefined : await readSplits(outDir);
  const parts = new Map(splits?.images.map(({ image, part }) => [image, part]));
  const classes = ontology.classes.map(({ id, name }, i) => ({ id, name, threshold: thresholds[i]! }));
  const counter = new StatisticsCounter(classes, floor);
  const root = await findRunRoot(outDir, run, undefined);
  const decided = await readCurrentReview(outDir, { ...journal, root, sources });
  const indices = indexClasses(ontology);
  const images = new StoredImages(journal, imageIds, { ontology, selection, sources, review: decided, onlyReviewed });
  for await (const { name, width, height, detections, stored, sha256 } of images) {
    // What a higher threshold leaves of these is what it selects: a box is suppressed by better ones alone.
    const decision = decided?.decisions.get(name);
    const shown = select(stored, everything);
    const ranked = (decision === undefined ? shown : toViewBoxes(shown, decision, indices)).map(({ score }) => score);
    if (detections.length === 0 && negatives < ALL_NEGATIVES && !isChosenNegative(sha256, negatives)) {
      counter.leaveOut(ranked);
      continue;
    }
    const boxes = detections.map(({ classId, score, review, box: [x1, y1, x2, y2] }) => {
      const ofModel = review === undefined ? { score } : {}; // the score of a box that was decided on says nothing
      return { className: ontology.classes[classId]!.name, ...ofModel, width: x2 - x1, height: y2 - y1 };
    });
    counter.add({ width, height, part: parts.get(name), boxes, ranked });
  }
  counter.leaveOutUnreviewed(images.leftOut.unreviewed);
  const review = await readRunReview(outDir, run);
  const reviewed = review === undefined ? {} : { review: review.progress };
  const allNotes = [...notes, ...noteReplaced(decided?.replaced ?? [])];
  return { statistics: counter.statistics(), failed: await countFailures(outDir), ...reviewed, notes: allNotes };
}

function toCounted({ width, height, part, boxes }: LabelledImage): CountedImage {
  const counted = boxes.map(({ className, score, xywh, box: [x1, y1, x2, y2] }) => {
    return { className, score, width: xywh?.[2] ?? x2 - x1, height: xywh?.[3] ?? y2 - y1 };
  });
  return { width, height, part, boxes: counted };
}
