import { resolve } from 'node:path';
import type { LabelledImage } from '../../core/data-set/data-set.js';
import { PreannotateError } from '../../core/errors.js';
import { counted, printable } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import { findNearest } from '../../disk/nearest.js';
import type { LabelledSet } from '../../evaluation/compare/compare.js';
import { pairNames } from '../../evaluation/compare/pair-names.js';
import { openRun } from '../../run/open-run.js';
import { collect, sizesIn } from '../collect.js';
import { openDataSet, type DataSetFormat } from '../open.js';
import { readAcceptedSet } from './run-review.js';

/** Which boxes are taken over into the review of a run. */
export interface LabelSource {
  readonly outDir: string; // of the run; absolute
  readonly path: string; // of the data set; absolute
  readonly format?: DataSetFormat | undefined; // left out: found by content
  readonly imagesRoot?: string | undefined;
  readonly renamed: ReadonlyMap<string, string>; // classes of the data set: what the ontology calls them
  readonly dropUnknown: boolean; // boxes of classes that the ontology does not have are left out
}

/** What of the run the labels are read for. */
export interface LabelledRun {
  readonly images: readonly LabelledImage[]; // without boxes
  readonly classes: ReadonlySet<string>; // of the ontology
}

/** The labels of a run's images. Classes are those of the ontology. */
export interface Labels {
  readonly byName: ReadonlyMap<string, LabelledImage>; // by the name that the run has
  readonly absent: readonly string[]; // images of the data set that the run does not have
  readonly notes: readonly string[];
}

/** @throws PreannotateError DATA_SET_INVALID where images cannot be told apart, or a class is unknown. */
export async function readLabels(source: LabelSource, run: LabelledRun): Promise<Labels> {
  const set = await openLabels(source, run);
  if (set.isNumbered === true) throw numbersOnlyError(source.path);
  const labelled = set.images.filter(({ isPredicted }) => isPredicted !== true);
  const predicted = set.images.length - labelled.length;
  const names = new Set(run.images.map(({ name }) => name));
  const { rule, pairs } = pairNames(new Set(labelled.map(({ name }) => name)), names);
  const byName = new Map<string, LabelledImage>();
  for (const image of labelled) {
    const name = pairs.get(image.name);
    if (name === undefined) continue;
    const earlier = byName.get(name); // boxes of an image may come in several places
    byName.set(name, earlier === undefined ? image : { ...earlier, boxes: [...earlier.boxes, ...image.boxes] });
  }
  if (byName.size === 0 && labelled.length > 0) throw nothingInCommonError(source.path, labelled, run.images);
  const absent = [...new Set(labelled.map(({ name }) => name))].filter((name) => !pairs.has(name));
  const { images, notes } = toKnownClasses(byName, source, run.classes);
  const byRule = `Images were recognised by the ${rule}, since no path is the same on both sides.`;
  const byModel = `Left out, because they hold only predictions of a model: ${counted(predicted, 'image')}.`;
  return {
    byName: images,
    absent,
    notes: [...set.notes, ...(rule === 'name' ? [] : [byRule]), ...(predicted === 0 ? [] : [byModel]), ...notes],
  };
}

/** Of another run, the images that were accepted there. */
async function openLabels(
  { outDir, path, format, imagesRoot }: LabelSource,
  { images }: LabelledRun,
): Promise<LabelledSet & { readonly notes: readonly string[] }> {
  const sizeOf = sizesIn(images, imagesRoot);
  const opened = await openDataSet(path, { format, formatOption: '--import-format', imagesRoot, sizeOf });
  if (opened.format !== 'run') return await collect(opened);
  if (resolve(path) === resolve(outDir)) throw sameRunError(path);
  const { notes: _, ...accepted } = await readAcceptedSet(path, await openRun(path));
  return { ...accepted, notes: [`Of the run in ${printable(displayPath(path))}, images that are accepted are read.`] };
}

/** @throws PreannotateError DATA_SET_INVALID naming the classes that are unknown, unless they are to be left out. */
function toKnownClasses(
  byName: ReadonlyMap<string, LabelledImage>,
  { path, renamed, dropUnknown }: LabelSource,
  classes: ReadonlySet<string>,
): { images: Map<string, LabelledImage>; notes: string[] } {
  const unknown = new Map<string, number>();
  const images = new Map<string, LabelledImage>();
  for (const [name, image] of byName) {
    const boxes = image.boxes.flatMap((box) => {
      const className = renamed.get(box.className) ?? box.className;
      if (classes.has(className)) return { ...box, className };
      unknown.set(className, (unknown.get(className) ?? 0) + 1);
      return [];
    });
    images.set(name, { ...image, boxes });
  }
  if (unknown.size === 0) return { images, notes: [] };
  if (!dropUnknown) throw unknownClassesError(path, unknown, classes);
  const note = `Left out, because the ontology of the run does not have these classes: ${listUnknown(unknown)}.`;
  return { images, notes: [note] };
}

const NAMED = 10;

/** `person (12 boxes), dog (1 box)` */
function listUnknown(unknown: ReadonlyMap<string, number>): string {
  const named = [...unknown].slice(0, NAMED);
  const list = named.map(([name, count]) => `${printable(name)} (${counted(count, 'box', 'boxes')})`).join(', ');
  return unknown.size > NAMED ? `${list} and ${unknown.size - NAMED} more` : list;
}

function unknownClassesError(
  path: string,
  unknown: ReadonlyMap<string, number>,
  classes: ReadonlySet<string>,
): PreannotateError {
  const [first] = unknown.keys();
  const meant = findMeant(first!, classes);
  const rename = `--map ${printable(`'${first!}=${meant ?? '<class of the ontology>'}'`)}`;
  return new PreannotateError({
    code: 'DATA_SET_INVALID',
    message:
      `${printable(displayPath(path))} has classes that the ontology of the run does not have: ` +
      `${listUnknown(unknown)}. Nothing was imported.`,
    hint:
      `Say what the ontology calls a class: ${rename}; or leave the boxes of unknown classes out: ` +
      '--unknown-classes drop; or add the classes to the ontology, run `preannotate run` again, and import then.',
  });
}

function findMeant(name: string, classes: ReadonlySet<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ');
  return [...classes].find((other) => plain(other) === plain(name)) ?? findNearest(name, [...classes]);
}

function nothingInCommonError(
  path: string,
  labelled: readonly LabelledImage[],
  images: readonly LabelledImage[],
): PreannotateError {
  return new PreannotateError({
    code: 'DATA_SET_INVALID',
    message:
      `${printable(displayPath(path))} and the run have no image in common: the data set has images such as ` +
      `${printable(labelled[0]!.name)}, the run such as ${printable(images[0]?.name ?? 'none')}.`,
    hint: 'Images are recognised by their paths, or by their file names. Give a data set of the same images.',
  });
}

function numbersOnlyError(path: string): PreannotateError {
  return new PreannotateError({
    code: 'DATA_SET_INVALID',
    message: `${printable(displayPath(path))} holds results, which name images and classes by number.`,
    hint: 'Give a data set with names of images and classes, such as a COCO instances file.',
  });
}

function sameRunError(path: string): PreannotateError {
  return new PreannotateError({
    code: 'USAGE',
    message: `${printable(displayPath(path))} is the run itself: there is nothing to import.`,
    hint: 'Give the data set that another program has exported.',
  });
}
