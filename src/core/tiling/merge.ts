import { area, intersection } from '../box.js';
import { isCutThrough, isHandedOver, Neighbours, placeBoxes, type FoundBox } from './cut-boxes.js';
import { compareDetections, type Detection } from '../detection.js';
import type { Crop } from './tiles.js';

/** A cut box that a larger one covers to this share is a part of the larger one's object. */
const PART_SHARE = 0.7;

/** Boxes of two crops show one object when they are of similar size and share more than this of the smaller one. */
const SAME_SHARE = 2 / 3; // at least what an IoU of 0.5 means
const SAME_RATIO = 3; // of areas: boxes of small objects are less exact in the whole image than in a tile

/**
 * Merges the detections of an image's crops, so that no object is found twice or in pieces because of where tiles end.
 * Boxes of one crop never suppress each other here: that is decided later, with the user's own limits.
 *
 * - A box cut by the border of its tile is dropped when the neighbour begins before the box does: it contains all of it
 *   and more.
 * - One cut by two opposite borders is dropped when the whole image is a crop too: its object is larger than a tile.
 * - Other cut boxes are joined to the part of the object that the neighbour found.
 * - One that stays cut is dropped when a larger box of another crop covers it: of its class with at least half its
 *   score, or uncut, of any class with at least its score.
 * - Of boxes of one class in different crops that show the same object, the one with the best score is kept. It takes
 *   over what the others scored better for further classes: their thresholds are applied later, and may be lower.
 *
 * @param found - Per crop its detections, in pixels of the crop.
 * @param patches - Patches of one crop. A `patchId` becomes cropIndex * patches + patchId.
 * @returns At most `limit` pairs of box and class, best first, in pixels of the image.
 */
export function mergeCrops(
  found: readonly (readonly Detection[])[],
  { crops, patches, limit }: { crops: readonly Crop[]; patches: number; limit: number },
): Detection[] {
  if (crops.length === 1) return found[0]!.slice(0, limit);
  const cell = crops.at(-1)!;
  const hasWhole = isWholeImage(crops[0]!);
  const boxes = found
    .flatMap((detections, cropIndex) => placeBoxes(detections, { crop: crops[cropIndex]!, cropIndex, patches }))
    .filter((box) => !isHandedOver(box, crops[box.cropIndex]!) && !(hasWhole && isCutThrough(box)));
  const neighbours = new Neighbours(boxes, crops);
  const joined = boxes.map((box) => neighbours.extended(box));
  joined.sort((a, b) => compareDetections(a.best, b.best)); // stable: equal ones stay in the order of crops
  const index = new BoxIndex(cell, joined);
  const complete = joined.filter((box) => box.cuts.length === 0 || !index.near(box).some((one) => showsMore(one, box)));
  return oncePerObject(complete, cell)
    .flatMap(({ pairs }) => pairs)
    .sort(compareDetections)
    .slice(0, limit);
}

function isWholeImage({ x, y }: Crop): boolean {
  return [x.before, x.after, y.before, y.after].every((neighbour) => neighbour === undefined);
}

function showsMore(other: FoundBox, part: FoundBox): boolean {
  const isWhole = other.cuts.length === 0;
  if (other.cropIndex === part.cropIndex && !isWhole) return false;
  // A part is easily classified wrongly, though not with a better score than the whole.
  const isSure = hasClassOf(other, part)
    ? other.best.score >= part.best.score / 2
    : isWhole && other.best.score >= part.best.score;
  return isSure && area(other.box) > area(part.box) && intersection(other.box, part.box) > PART_SHARE * area(part.box);
}

function hasClassOf(a: FoundBox, b: FoundBox): boolean {
  return a.best.classId === b.best.classId;
}

/** @param sorted - Best first. */
function oncePerObject(sorted: readonly FoundBox[], cell: Crop): FoundBox[] {
  const index = new BoxIndex(cell);
  const doubles = new Map<FoundBox, FoundBox[]>(); // of each box that is kept
  for (const box of sorted) {
    const better = index.near(box).filter((one) => showsSame(one, box));
    const [best] = better.sort((a, b) => compareDetections(a.best, b.best));
    if (best !== undefined) doubles.get(best)!.push(box);
    else {
      doubles.set(box, []);
      index.add(box);
    }
  }
  return [...doubles].map(([box, others]) => withClassesOf(box, others));
}

/** The box with the best score of each class; that of its own best class is the best of all. */
function withClassesOf(kept: FoundBox, others: readonly FoundBox[]): FoundBox {
  const { box, best, pairs } = kept;
  const byClass = new Map(pairs.map((pair) => [pair.classId, pair]));
  for (const pair of others.flatMap((other) => other.pairs)) {
    const known = byClass.get(pair.classId);
    if (known !== undefined && known.score >= pair.score) continue;
    byClass.set(pair.classId, { ...pair, box, patchId: best.patchId });
  }
  return { ...kept, pairs: [...byClass.values()] };
}

/** A part of an object never replaces all of it. */
function showsSame(better: FoundBox, other: FoundBox): boolean {
  if (better.cropIndex === other.cropIndex || !hasClassOf(better, other)) return false;
  const [a, b] = [area(better.box), area(other.box)];
  if (better.cuts.length > 0 && a < b) return false;
  const smaller = Math.min(a, b);
  return Math.max(a, b) <= SAME_RATIO * smaller && intersection(better.box, other.box) > SAME_SHARE * smaller;
}

/** Finds the boxes that may overlap another one, in images with thousands. */
class BoxIndex {
  readonly #cells = new Map<string, FoundBox[]>();
  readonly #width: number;
  readonly #height: number;

  /** @param cell - Boxes are indexed by the cells of this size that they touch. */
  constructor({ x, y }: Crop, boxes: readonly FoundBox[] = []) {
    this.#width = x.to - x.from;
    this.#height = y.to - y.from;
    for (const box of boxes) this.add(box);
  }

  add(box: FoundBox): void {
    for (const key of this.#keysOf(box)) {
      const cell = this.#cells.get(key);
      if (cell === undefined) this.#cells.set(key, [box]);
      else cell.push(box);
    }
  }

  /** Boxes in its neighbourhood, itself included; some more than once. */
  near(box: FoundBox): FoundBox[] {
    return this.#keysOf(box).flatMap((key) => this.#cells.get(key) ?? []);
  }

  #keysOf({ box }: FoundBox): string[] {
    const keys: string[] = [];
    for (let row = Math.floor(box[1] / this.#height); row * this.#height < box[3]; row++) {
      for (let column = Math.floor(box[0] / this.#width); column * this.#width < box[2]; column++) {
        keys.push(`${row} ${column}`);
      }
    }
    return keys;
  }
}
