import { SCORE_STEPS, type BoxColumns } from '../../../core/gallery/pack.js';
import { nearestToThreshold } from '../../../core/gallery/uncertainty.js';
import type { BoxTable } from './box-table.js';
import { filterImages, rowFilter, type Filter, type Reviewed } from './filter.js';

/** What images are sorted by. */
export type SortKey =
  | 'name'
  | 'uncertainty' // least certain first: the distance of the score that is nearest to the threshold of its class
  | 'score' // highest score first
  | 'class' // of the best box, in the order of the ontology
  | 'unreviewed' // untouched, then open, then accepted
  | 'similar'; // near duplicates beside each other; images like no other last

export interface Sort {
  readonly by: SortKey;
  readonly isReversed: boolean;
}

const LAST = 2 ** 20 - 1; // keys are below it: scores in steps, numbers of classes and of states
const PLACES = 2 ** 32; // more than there are images

/**
 * The images to show, in order. With a filter on boxes, scores and classes of those boxes alone count. Images with the
 * same key are in the order of their names.
 */
export function orderImages(table: BoxTable, view: { filter: Filter; sort: Sort }, reviewed: Reviewed): Uint32Array {
  const images = filterImages(table, view.filter, reviewed);
  const keyOf = keyFunction(table, view, reviewed);
  const order = sortByKey(images, keyOf);
  return view.sort.isReversed ? order.reverse() : order;
}

/** Those of the images that show a box, the highest score first. */
export function orderByBestBox(table: BoxTable, images: readonly number[]): Uint32Array {
  const best = new Map(images.map((image) => [image, table.rowsOf(image)[0]]));
  const found = images.filter((image) => best.get(image) !== undefined);
  return sortByKey(found, (image) => SCORE_STEPS - table.pack.boxes.scores[best.get(image)!]!);
}

/** Key and image are one number, because numbers are sorted ten times as fast as pairs. */
function sortByKey(images: readonly number[], keyOf: (image: number) => number): Uint32Array {
  const keys = Float64Array.from(images, (image) => keyOf(image) * PLACES + image).sort();
  return Uint32Array.from(keys, (key) => key % PLACES);
}

/** What the key of an image is made from. */
interface Keyed {
  readonly table: BoxTable;
  readonly isRow: (row: number) => boolean; // whether the filter leaves a box
  readonly decisions: Reviewed['decisions'];
}

type ToKey = (given: Keyed) => (image: number) => number;

const KEYS: Readonly<Record<SortKey, ToKey>> = {
  name: () => () => 0,
  uncertainty: toNearestDistance,
  score: (given) => toFirstShown(given, (row, { scores }) => SCORE_STEPS - scores[row]!),
  class: (given) => toFirstShown(given, (row, { classes }) => classes[row]!),
  unreviewed: toProgress,
  similar: toFirstAlike,
};

function keyFunction(
  table: BoxTable,
  { filter, sort }: { filter: Filter; sort: Sort },
  { decisions }: Reviewed,
): (image: number) => number {
  return KEYS[sort.by]({ table, isRow: rowFilter(table, filter), decisions });
}

function toNearestDistance({ table, isRow }: Keyed): (image: number) => number {
  const counted = { boxes: table.pack.boxes, thresholds: table.thresholds, isCounted: isRow };
  return (image) => Math.min(LAST, nearestToThreshold(image, counted));
}

/** The key of the best box that is shown. */
function toFirstShown(
  { table, isRow }: Keyed,
  keyOf: (row: number, boxes: BoxColumns) => number,
): (image: number) => number {
  const { boxes } = table.pack;
  return (image) => {
    for (let row = boxes.starts[image]!; row < boxes.starts[image + 1]!; row++) {
      if (table.isShown(row) && isRow(row)) return keyOf(row, boxes);
    }
    return LAST;
  };
}

function toProgress({ decisions }: Keyed): (image: number) => number {
  return (image) => ({ none: 0, open: 1, accepted: 2 })[decisions.get(image)?.state ?? 'none'];
}

/** The first image of those that look alike. */
function toFirstAlike({ table }: Keyed): (image: number) => number {
  const { groups } = table.pack.facts.images;
  const first = new Map<number, number>();
  groups.forEach((group, image) => first.set(group, first.get(group) ?? image));
  return (image) => (groups[image] === 0 ? LAST : first.get(groups[image]!)!);
}
