import { area, intersection } from './box.js';
import { isCutThrough, isHandedOver, Neighbours, placedBoxes, type FoundBox } from './cut-boxes.js';
import { compareDetections, type Detection } from './detection.js';
import type { View } from './tiles.js';

/** A cut box that a larger one covers to this share is a part of what that one shows. */
const PART_SHARE = 0.7;

/** Boxes of two views show the same object when they share more than this of the smaller one and are of similar size. */
const SAME_SHARE = 2 / 3; // what an IoU of 0.5 comes to at least
const SAME_RATIO = 3; // of areas: the whole image shows small objects less exactly than a tile does

/**
 * Puts together what the model said of the views of one image, so that no object is there twice or in pieces because of
 * where tiles end. Boxes of one view never suppress each other here: that is decided later, with the user's own limits.
 *
 * - A box cut by the border of its tile goes when the neighbour begins before the box does: it sees all of it and more.
 * - One cut by two opposite borders goes when the whole image was looked at: what it shows is larger than a tile.
 * - Other cut boxes are joined to the part of the object that the neighbour shows.
 * - One that stays cut goes when another view has a larger one that covers it: of its class and at least half as sure, or
 *   whole, of any class and at least as sure.
 * - Of boxes of one class in different views that show the same object, the surest stays.
 *
 * @param found - Per view what was found in it, in pixels of the view.
 * @param patches - Patches of one view. A `patchId` becomes view * patches + patchId.
 * @returns At most `limit` pairs of box and class, best first, in pixels of the image.
 */
export function mergeViews(
  found: readonly (readonly Detection[])[],
  { views, patches, limit }: { views: readonly View[]; patches: number; limit: number },
): Detection[] {
  if (views.length === 1) return found[0]!.slice(0, limit);
  const cell = views.at(-1)!;
  const hasWhole = isWholeImage(views[0]!);
  const boxes = found
    .flatMap((detections, view) => placedBoxes(detections, { view, patches, place: views[view]! }))
    .filter((box) => !isHandedOver(box, views[box.view]!) && !(hasWhole && isCutThrough(box)));
  const neighbours = new Neighbours(boxes, views);
  const joined = boxes.map((box) => neighbours.extended(box));
  joined.sort((a, b) => compareDetections(a.best, b.best)); // stable: equal ones stay in the order of views
  const index = new BoxIndex(cell, joined);
  const complete = joined.filter((box) => box.cuts.length === 0 || !index.near(box).some((one) => showsMore(one, box)));
  return oncePerObject(complete, cell)
    .flatMap(({ pairs }) => pairs)
    .sort(compareDetections)
    .slice(0, limit);
}

function isWholeImage({ x, y }: View): boolean {
  return [x.before, x.after, y.before, y.after].every((neighbour) => neighbour === undefined);
}

function showsMore(other: FoundBox, part: FoundBox): boolean {
  const isWhole = other.cuts.length === 0;
  if (other.view === part.view && !isWhole) return false;
  // A part is easily taken for something else, though not with more certainty than the whole.
  const isSure = hasClassOf(other, part)
    ? other.best.score >= part.best.score / 2
    : isWhole && other.best.score >= part.best.score;
  return isSure && area(other.box) > area(part.box) && intersection(other.box, part.box) > PART_SHARE * area(part.box);
}

function hasClassOf(a: FoundBox, b: FoundBox): boolean {
  return a.best.classId === b.best.classId;
}

/** @param sorted - Best first. */
function oncePerObject(sorted: readonly FoundBox[], cell: View): FoundBox[] {
  const kept = new BoxIndex(cell);
  return sorted.filter((box) => {
    const isKept = !kept.near(box).some((better) => showsSame(better, box));
    if (isKept) kept.add(box);
    return isKept;
  });
}

/** A part of an object is never taken for all of it. */
function showsSame(better: FoundBox, other: FoundBox): boolean {
  if (better.view === other.view || !hasClassOf(better, other)) return false;
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

  /** @param cell - Boxes are kept by the places of this size that they touch. */
  constructor({ x, y }: View, boxes: readonly FoundBox[] = []) {
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

  /** Those in its neighbourhood, itself among them; some come more than once. */
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
