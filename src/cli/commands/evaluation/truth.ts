import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Loaded } from '../../../config/load.js';
import { problemsError } from '../../../config/problems.js';
import type { EvalConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { excerpt } from '../../../core/text.js';
import { findNearest } from '../../../disk/nearest.js';
import { compareSets, type Comparison, type LabelledSet } from '../../../evaluation/compare/compare.js';
import { openDataSet } from '../../../data-set/open.js';
import { collect, sizesIn } from './labelled-set.js';

type TruthKeys = 'truth' | 'truthFormat' | 'imagesRoot' | 'classes' | 'map' | 'iou';
type TruthSettings = Pick<Loaded<typeof EvalConfig>['settings'], TruthKeys>;

const REVIEW = 'review';

/** Reads the corrected data set, and lays the predictions upon it. */
export async function compareWithTruth(
  predictions: LabelledSet,
  settings: TruthSettings,
  { missing = 'their objects count as missed' } = {}, // what becomes of images without predictions
): Promise<{ comparison: Comparison; notes: readonly string[] }> {
  const path = requireTruth(settings.truth);
  const { truthFormat: format, imagesRoot } = settings;
  const sizeOf = sizesIn(predictions.images, imagesRoot);
  const opened = await openDataSet(path, { format, formatOption: '--truth-format', imagesRoot, sizeOf });
  const truth = await collect(opened);
  if (truth.isNumbered === true) throw numbersOnlyError(path);
  const renamed = new Map((settings.map ?? []).map(readRenaming));
  const known = [...new Set([...truth.classes, ...predictions.classes].map(({ name }) => name))];
  const classNames = settings.classes?.flatMap((text) => splitNames(text, known));
  const comparison = compareSets(truth, predictions, { classNames, renamed });
  return { comparison, notes: [...truth.notes, ...describeNames(comparison, missing)] };
}

/** @returns An absolute path. @throws PreannotateError USAGE */
function requireTruth(truth: string | undefined): string {
  if (truth === undefined) {
    throw new PreannotateError({
      code: 'USAGE',
      message: 'There is nothing to compare with.',
      hint: 'Give the corrected data set: --truth <file or folder>.',
    });
  }
  const path = resolve(truth);
  if (truth === REVIEW && !existsSync(path)) {
    throw new PreannotateError({
      code: 'USAGE',
      message: 'This version cannot take the review of a run as ground truth.',
      hint: 'Give the file or folder of a corrected data set: --truth <path>.',
    });
  }
  return path;
}

function readRenaming(text: string): [from: string, to: string] {
  const at = text.indexOf('=');
  const [from, to] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at > 0 && from !== '' && to !== '') return [from, to];
  const advice = "Write the predictions' name first: --map 'wine_glass=wine glass'.";
  throw problemsError('CONFIG_INVALID', [{ message: `--map "${excerpt(text)}" is not old=new.`, advice }]);
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

const NAMED = 10;

/** What is on one side alone, and what was not recognised by its whole name. */
function describeNames(comparison: Comparison, missing: string): string[] {
  const { rule, unpairedImages, unpairedClasses, otherSizes } = comparison;
  const list = (names: readonly string[]) =>
    names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
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
