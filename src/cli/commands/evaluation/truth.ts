import { resolve } from 'node:path';
import type { Loaded } from '../../../config/load.js';
import { problemsError } from '../../../config/problems.js';
import type { EvalConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { excerpt, printable } from '../../../core/text.js';
import { findNearest } from '../../../disk/nearest.js';
import { compareSets, type Comparison, type LabelledSet } from '../../../evaluation/compare/compare.js';
import { collect, sizesIn } from '../../../data-set/collect.js';
import { openDataSet } from '../../../data-set/open.js';
import type { AcceptedSet } from '../../../data-set/review/run-review.js';
import { readRenamings } from './renaming.js';

type TruthKeys = 'truth' | 'truthFormat' | 'imagesRoot' | 'classes' | 'map' | 'iou';
type TruthSettings = Pick<Loaded<typeof EvalConfig>['settings'], TruthKeys>;

const REVIEW = 'review';

/** How the ground truth is read. */
interface TruthPlace {
  readonly readReview: (() => Promise<AcceptedSet>) | undefined; // undefined where the predictions are of no run
  readonly missing?: string; // what becomes of images without predictions
}

/** Reads the corrected data set, and lays the predictions upon it. */
export async function compareWithTruth(
  predictions: LabelledSet,
  settings: TruthSettings,
  { readReview, missing = 'their objects count as missed' }: TruthPlace,
): Promise<{ comparison: Comparison; notes: readonly string[] }> {
  const isReview = settings.truth === REVIEW;
  const truth = isReview ? await readAccepted(readReview) : await readLabels(predictions, settings);
  const renamed = readRenamings(settings.map, 'the predictions');
  const known = [...new Set([...truth.classes, ...predictions.classes].map(({ name }) => name))];
  const classNames = settings.classes?.flatMap((text) => splitNames(text, known));
  const comparison = compareSets(truth, predictions, { classNames, renamed });
  const names = describeNames(isReview ? withoutUnpaired(comparison) : comparison, missing);
  return { comparison, notes: [...truth.notes, ...names] };
}

async function readLabels(predictions: LabelledSet, settings: TruthSettings): ReturnType<typeof collect> {
  const path = requireTruth(settings.truth);
  const { truthFormat: format, imagesRoot } = settings;
  const sizeOf = sizesIn(predictions.images, imagesRoot);
  const truth = await collect(await openDataSet(path, { format, formatOption: '--truth-format', imagesRoot, sizeOf }));
  if (truth.isNumbered === true) throw numbersOnlyError(path);
  return truth;
}

/** @throws PreannotateError USAGE where the predictions are of no run. */
async function readAccepted(readReview: TruthPlace['readReview']): Promise<AcceptedSet> {
  if (readReview !== undefined) return await readReview();
  throw new PreannotateError({
    code: 'USAGE',
    message: '--truth review is the review of a run, and the predictions are not the output folder of one.',
    hint: 'Give the output folder in place of the predictions; a file or folder with this name is --truth ./review.',
  });
}

/** @returns An absolute path. @throws PreannotateError USAGE */
function requireTruth(truth: string | undefined): string {
  if (truth !== undefined) return resolve(truth);
  throw new PreannotateError({
    code: 'USAGE',
    message: 'There is nothing to compare with.',
    hint: 'Give the corrected data set: --truth <file or folder>; of a run that was reviewed: --truth review.',
  });
}

/** A name may hold commas itself. @throws PreannotateError CONFIG_INVALID naming a class that neither side has. */
function splitNames(text: string, known: readonly string[]): string[] {
  if (known.includes(text.trim())) return [text.trim()];
  return text.split(',').map((part) => {
    const name = part.trim();
    if (known.includes(name)) return name;
    const meant = findNearest(name, known);
    const advice = meant === undefined ? `Classes are: ${known.slice(0, 20).join(', ')}.` : `Did you mean "${meant}"?`;
    const message = `--classes: there is no class "${excerpt(name)}" in the data sets.`;
    throw problemsError('CONFIG_INVALID', [{ message, advice }]);
  });
}

function numbersOnlyError(path: string): PreannotateError {
  return new PreannotateError({
    code: 'DATA_SET_INVALID',
    message: `${path} holds results, which name images and classes by number.`,
    hint: 'Give a data set with names of images and classes as --truth, such as a COCO instances file.',
  });
}

/** How many images are not reviewed is stated as such. */
function withoutUnpaired(comparison: Comparison): Comparison {
  return { ...comparison, unpairedImages: { truth: [], predictions: [] } };
}

const NAMED = 10;

/** What is on one side alone, and what was not recognised by its whole name. */
function describeNames(comparison: Comparison, missing: string): string[] {
  const { rule, unpairedImages, unpairedClasses, otherSizes } = comparison;
  const list = (names: readonly string[]) =>
    names.slice(0, NAMED).map(printable).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
  const note = (names: readonly string[], text: string) => (names.length === 0 ? [] : [`${text}: ${list(names)}.`]);
  return [
    ...(rule === 'name' ? [] : [`Images were recognised by the ${rule}, since no path is the same on both sides.`]),
    ...note(
      unpairedImages.truth,
      `${unpairedImages.truth.length} of ${comparison.imageNames.length} images of the ground truth have no ` +
        `predictions, and ${missing}`,
    ),
    ...note(
      unpairedImages.predictions,
      `${unpairedImages.predictions.length} images with predictions are not in the ground truth and are left out`,
    ),
    ...note(unpairedClasses.truth, 'Classes of the ground truth that the predictions do not have'),
    ...note(unpairedClasses.predictions, 'Classes of the predictions that the ground truth does not have, left out'),
    ...describeMeant(unpairedClasses),
    ...note(otherSizes, `Warning: ${otherSizes.length} images have another size in the predictions`),
  ];
}

function describeMeant({ truth, predictions }: Comparison['unpairedClasses']): string[] {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ');
  return predictions.flatMap((name) => {
    const meant = truth.find((other) => plain(other) === plain(name)) ?? findNearest(name, truth);
    return meant === undefined ? [] : [`If "${name}" is "${meant}", give --map '${name}=${meant}'.`];
  });
}
