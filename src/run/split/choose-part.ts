import { listParts, type PartName, type Shares, type SplitRule } from '../../core/data-set/split.js';
import { placeOf } from '../place-of.js';

/**
 * The part of a group: the hash of `<seed>:<key>` is a place from 0 to 1 in the shares of train, val and test, one
 * behind the other. Other programs may compute it: it must never change.
 *
 * @param key - Of the group: a content hash, the name of a folder, or a text found in names.
 */
export function choosePart(key: string, { shares, seed }: SplitRule): PartName {
  return partAt(placeOf(`${seed}:${key}`), shares);
}

function partAt(place: number, shares: Shares): PartName {
  let end = 0;
  const parts = listParts(shares);
  for (const part of parts) {
    end += shares[part]!;
    if (place < end) return part;
  }
  return parts.at(-1)!; // shares that are rounded may end below 1
}
