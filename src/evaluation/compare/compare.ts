import { xyxyToXywh, type Xywh } from '../../core/box.js';
import type { DataSetClass, LabelledBox, LabelledImage } from '../../core/data-set/data-set.js';
import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { EvaluatedImage, EvaluatedObject } from '../evaluated-image.js';
import { pairNames, type NameRule } from './pair-names.js';

/** Images and boxes of one side, read. */
export interface LabelledSet {
  readonly classes: readonly DataSetClass[];
  readonly images: readonly LabelledImage[];
  readonly isNumbered?: boolean; // its names of images and classes are the numbers that they have on the other side
}

/** A class of the ground truth. */
export interface ComparedClass {
  readonly name: string;
  readonly id: number; // as its files number it; else by order, from 1
}

/** What is on one side alone. */
export interface OneSided {
  readonly truth: readonly string[];
  readonly predictions: readonly string[];
}

/** Two data sets, laid upon each other. */
export interface Comparison {
  readonly classes: readonly ComparedClass[]; // of the ground truth, by number
  readonly imageNames: readonly string[]; // of the ground truth, in the order of their numbers
  readonly rule: NameRule;
  readonly unpairedImages: OneSided;
  readonly unpairedClasses: OneSided;
  readonly otherSizes: readonly string[]; // images that have another size on the other side
  /** The images of the ground truth with the boxes of the other side. Classes are their places in `classes`. */
  readonly evaluate: (predictions: readonly LabelledImage[]) => EvaluatedImage[];
  /** What is in an image of the other side; undefined for one that the ground truth does not have. */
  readonly objectsIn: (name: string) => EvaluatedObject[] | undefined;
  /** The place in `classes` of a class of the other side, by its name there. */
  readonly placeOf: (className: string) => number | undefined;
}

/** What is compared. */
export interface CompareOptions {
  readonly classNames?: readonly string[] | undefined; // only these; default: all
  readonly renamed?: ReadonlyMap<string, string>; // classes of the predictions: what the ground truth calls them
}

/** @throws PreannotateError DATA_SET_INVALID where no image is the same, or several could be. */
export function compareSets(
  truth: LabelledSet,
  predictions: LabelledSet,
  { classNames, renamed = new Map() }: CompareOptions = {},
): Comparison {
  const isWanted = (name: string) => classNames === undefined || classNames.includes(name);
  const classes = numberClasses(truth.classes).filter(({ name }) => isWanted(name));
  const places = new Map(classes.map(({ name }, place) => [name, place]));
  const naming = predictions.isNumbered === true ? nameByNumber(truth) : { image: same, className: same };
  const nameOfClass = (name: string) => renamed.get(name) ?? naming.className(name);
  const placeOf = (className: string) => places.get(nameOfClass(className));
  const { truthImages, rule, pairs, ...unpaired } = pairImages(truth, predictions, naming.image);
  const pairOf = (name: string) => pairs.get(naming.image(name));
  const ours = new Set(predictions.classes.map(({ name }) => nameOfClass(name)));
  const theirs = new Set(truth.classes.map(({ name }) => name));
  return {
    classes,
    imageNames: [...truthImages.keys()],
    rule,
    ...unpaired,
    unpairedClasses: {
      truth: listMissing(theirs, ours).filter(isWanted),
      predictions: listMissing(ours, theirs).filter(isWanted),
    },
    evaluate: (images) => {
      const found = groupBoxes(images, pairOf);
      return [...truthImages].map(([name, image]) => ({
        objects: toObjects(image, places),
        detections: toDetections(found.get(name) ?? [], placeOf),
      }));
    },
    objectsIn: (name) => {
      const other = pairOf(name);
      return other === undefined ? undefined : toObjects(truthImages.get(other)!, places);
    },
    placeOf,
  };
}

const same = (name: string) => name;

/** @throws PreannotateError DATA_SET_INVALID where no image is the same, or several could be. */
function pairImages(truth: LabelledSet, predictions: LabelledSet, rename: (name: string) => string) {
  const truthImages = sortByNumber(mergeByName(truth.images));
  const predicted = mergeByName(predictions.images.map((image) => ({ ...image, name: rename(image.name) })));
  const { rule, pairs } = pairNames(predicted.keys(), truthImages.keys());
  if (pairs.size === 0 && predicted.size > 0) throw nothingInCommonError(truthImages, predicted);
  return {
    truthImages,
    rule,
    pairs,
    unpairedImages: {
      truth: listMissing(truthImages.keys(), new Set(pairs.values())),
      predictions: listMissing(predicted.keys(), pairs),
    },
    otherSizes: [...pairs].flatMap(([name, other]) => {
      return haveOtherSizes(predicted.get(name)!, truthImages.get(other)!) ? [other] : [];
    }),
  };
}

function listMissing(names: Iterable<string>, others: { has: (name: string) => boolean }): string[] {
  return [...names].filter((name) => !others.has(name));
}

/** The boxes of the predictions, by the names that the ground truth gives the images. */
function groupBoxes(
  images: readonly LabelledImage[],
  pairOf: (name: string) => string | undefined,
): Map<string, LabelledBox[]> {
  const found = new Map<string, LabelledBox[]>();
  for (const { name, boxes } of images) {
    const other = pairOf(name);
    if (other !== undefined) found.set(other, [...(found.get(other) ?? []), ...boxes]);
  }
  return found;
}

function toObjects({ boxes }: LabelledImage, places: ReadonlyMap<string, number>): EvaluatedObject[] {
  return boxes.flatMap((box): EvaluatedObject[] => {
    const classId = places.get(box.className);
    if (classId === undefined) return [];
    const { area, isCrowd } = box;
    return [{ classId, box: sizesOf(box), ...(area === undefined ? {} : { area }), isCrowd: isCrowd === true }];
  });
}

function toDetections(boxes: readonly LabelledBox[], placeOf: Comparison['placeOf']): EvaluatedImage['detections'] {
  return boxes.flatMap((box) => {
    const classId = placeOf(box.className);
    return classId === undefined ? [] : [{ classId, box: sizesOf(box), score: box.score ?? 1 }];
  });
}

function sizesOf({ box, xywh }: LabelledBox): Xywh {
  return xywh ?? xyxyToXywh(box);
}

/** By the numbers of the files where all classes have one; else by order. */
function numberClasses(classes: readonly DataSetClass[]): ComparedClass[] {
  const ids = new Set(classes.map(({ id }) => id));
  const isNumbered = ids.size === classes.length && !ids.has(undefined);
  const numbered = classes.map(({ name, id }, place) => ({ name, id: isNumbered ? id! : place + 1 }));
  return numbered.sort((a, b) => a.id - b.id);
}

/** Images that have numbers come in their order, which decides between equal scores. */
function sortByNumber(images: ReadonlyMap<string, LabelledImage>): Map<string, LabelledImage> {
  const entries = [...images];
  if (entries.some(([, { id }]) => id === undefined)) return new Map(entries);
  return new Map(entries.sort(([, a], [, b]) => a.id! - b.id!));
}

/** Boxes of an image may come in several places. */
function mergeByName(images: readonly LabelledImage[]): Map<string, LabelledImage> {
  const merged = new Map<string, LabelledImage>();
  for (const image of images) {
    const earlier = merged.get(image.name);
    merged.set(image.name, earlier === undefined ? image : { ...earlier, boxes: [...earlier.boxes, ...image.boxes] });
  }
  return merged;
}

/** @throws PreannotateError DATA_SET_INVALID where the ground truth has no numbers. */
function nameByNumber({ images, classes }: LabelledSet) {
  const imageNames = new Map(images.map(({ id, name }) => [String(id), name]));
  const classNames = new Map(classes.map(({ id, name }) => [String(id), name]));
  if (imageNames.has('undefined') || classNames.has('undefined')) throw noNumbersError();
  return {
    image: (id: string) => imageNames.get(id) ?? id,
    className: (id: string) => classNames.get(id) ?? id,
  };
}

function haveOtherSizes(a: LabelledImage, b: LabelledImage): boolean {
  const differs = (one: number | undefined, other: number | undefined) =>
    one !== undefined && other !== undefined && one !== other;
  return differs(a.width, b.width) || differs(a.height, b.height);
}

function noNumbersError(): PreannotateError {
  return new PreannotateError({
    code: 'DATA_SET_INVALID',
    message: 'The predictions have numbers of images and classes alone, and the ground truth has no numbers.',
    hint: 'Give the COCO file as --truth whose numbers the results refer to.',
  });
}

function nothingInCommonError(
  truth: ReadonlyMap<string, LabelledImage>,
  predictions: ReadonlyMap<string, LabelledImage>,
): PreannotateError {
  const [theirs = 'none', ours = 'none'] = [[...truth.keys()][0], [...predictions.keys()][0]];
  return new PreannotateError({
    code: 'DATA_SET_INVALID',
    message:
      'The predictions and the ground truth have no image in common: predictions are for images such as ' +
      `${printable(ours)}, the ground truth for ${printable(theirs)}.`,
    hint: 'Images are recognised by their paths, or by their file names. Give the ground truth of the same images.',
  });
}
