import { createHash } from 'node:crypto';
import { listParts, type PartName, type Shares, type SplitRule } from '../../core/data-set/split.js';

const BITS = 48; // of the hash: a whole number that a double holds exactly

/**
 * The part of a group: the first six bytes of the SHA-256 of `<seed>:<key>` in UTF-8, as a whole number with the most
 * significant byte first, divided by 2^48, is a place from 0 to 1 in the shares of train, val and test, one behind the
 * other. Other programs may compute it: it must never change.
 *
 * @param key - Of the group: a content hash, the name of a folder, or a text found in names.
 */
export function choosePart(key: string, { shares, seed }: SplitRule): PartName {
  const hash = createHash('sha256').update(`${seed}:${key}`).digest();
  return partAt(hash.readUIntBE(0, BITS / 8) / 2 ** BITS, shares);
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
