import { SCORE_STEPS } from '../../../core/gallery/pack.js';
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

function keyFunction(
  table: BoxTable,
  { filter, sort }: { filter: Filter; sort: Sort },
  { decisions }: Reviewed,
): (image: number) => number {
  const { boxes, facts } = table.pack;
  const isRow = rowFilter(table, filter);
  const firstShown = (image: number) => {
    for (let row = boxes.starts[image]!; row < boxes.starts[image + 1]!; row++) {
      if (table.isShown(row) && isRow(row)) return row;
    }
    return undefined;
  };
  if (sort.by === 'uncertainty') {
    return (image) => {
      let nearest = LAST;
      for (let row = boxes.starts[image]!; row < boxes.starts[image + 1]!; row++) {
        if (!isRow(row)) continue;
        nearest = Math.min(nearest, table.distanceToThreshold(row));
      }
      return nearest;
    };
  }
  if (sort.by === 'score') {
    return (image) => {
      const row = firstShown(image);
      return row === undefined ? LAST : SCORE_STEPS - boxes.scores[row]!;
    };
  }
  if (sort.by === 'class') {
    return (image) => {
      const row = firstShown(image);
      return row === undefined ? LAST : boxes.classes[row]!;
    };
  }
  if (sort.by === 'unreviewed') {
    return (image) => ({ none: 0, open: 1, accepted: 2 })[decisions.get(image)?.state ?? 'none'];
  }
  if (sort.by === 'similar') {
    const first = new Map<number, number>();
    facts.images.groups.forEach((group, image) => first.set(group, first.get(group) ?? image));
    return (image) => {
      const group = facts.images.groups[image]!;
      return group === 0 ? LAST : first.get(group)!;
    };
  }
  return () => 0;
}
