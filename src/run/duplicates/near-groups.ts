import type { ImageContents } from './image-contents.js';

/** Bits in which the perceptual hashes of two images that look alike may differ, of 64. */
export const MAX_DISTANCE = 7;

const BANDS = 4; // of 16 bits: one of them differs in at most one bit, where all together differ in at most seven
const KEYS_BITS = 16;
const KEYS = 1 << KEYS_BITS;

/**
 * Groups images with the same bytes, and images whose perceptual hashes are alike; images that are alike through a
 * third one are of one group.
 *
 * @returns For each image, one of its group, which is the same for all of them.
 */
export function groupNear(contents: ImageContents): Int32Array {
  const groups = new Groups(contents.count);
  joinIdentical(contents, groups);
  joinAlike(contents, groups);
  return Int32Array.from({ length: contents.count }, (_, index) => groups.find(index));
}

/** Disjoint sets, with paths halved. */
class Groups {
  readonly #parents: Int32Array;

  constructor(count: number) {
    this.#parents = Int32Array.from({ length: count }, (_, index) => index);
  }

  find(index: number): number {
    const parents = this.#parents;
    let at = index;
    while (parents[at] !== at) at = parents[at] = parents[parents[at]!]!;
    return at;
  }

  join(a: number, b: number): void {
    const [one, other] = [this.find(a), this.find(b)];
    if (one !== other) this.#parents[Math.max(one, other)] = Math.min(one, other);
  }
}

function joinIdentical(contents: ImageContents, groups: Groups): void {
  const first = new Map<number, number>();
  for (let index = 0; index < contents.count; index++) {
    const key = contents.keyOf(index);
    const other = first.get(key);
    if (other === undefined) first.set(key, index);
    else if (contents.compare(index, other) === 0) groups.join(index, other);
  }
}

/** Compares only images that share a band but for one bit. */
function joinAlike(contents: ImageContents, groups: Groups): void {
  const images = chooseDistinct(contents, groups);
  for (let band = 0; band < BANDS; band++) {
    const { ends, sorted } = sortByBand(contents, images, band);
    for (const index of images) {
      const key = bandOf(contents, index, band);
      for (let bit = -1; bit < KEYS_BITS; bit++) {
        const near = bit < 0 ? key : key ^ (1 << bit);
        for (let at = near === 0 ? 0 : ends[near - 1]!; at < ends[near]!; at++) {
          const other = sorted[at]!;
          if (other < index && distance(contents, index, other) <= MAX_DISTANCE) groups.join(index, other);
        }
      }
    }
  }
}

/** One image of each perceptual hash; the others are joined with it. */
function chooseDistinct(contents: ImageContents, groups: Groups): Int32Array {
  const chosen: number[] = [];
  const byHigh = new Map<number, number[]>();
  for (let index = 0; index < contents.count; index++) {
    if (!contents.hasPhash(index)) continue;
    const high = contents.phashOf(index, 0);
    const same = byHigh.get(high);
    const equal = same?.find((other) => contents.phashOf(other, 1) === contents.phashOf(index, 1));
    if (equal !== undefined) {
      groups.join(index, equal);
      continue;
    }
    if (same === undefined) byHigh.set(high, [index]);
    else same.push(index);
    chosen.push(index);
  }
  return Int32Array.from(chosen);
}

/** Counting sort. @returns The images by band, and where those of each value end. */
function sortByBand(contents: ImageContents, images: Int32Array, band: number) {
  const ends = new Int32Array(KEYS);
  for (const index of images) ends[bandOf(contents, index, band)]!++;
  for (let key = 1; key < KEYS; key++) ends[key]! += ends[key - 1]!;
  const sorted = new Int32Array(images.length);
  const free = ends.slice();
  for (const index of images) sorted[--free[bandOf(contents, index, band)]!] = index;
  return { ends, sorted };
}

function bandOf(contents: ImageContents, index: number, band: number): number {
  const half = contents.phashOf(index, band < 2 ? 0 : 1);
  return band % 2 === 0 ? half >>> 16 : half & 0xffff;
}

function distance(contents: ImageContents, a: number, b: number): number {
  return (
    countBits(contents.phashOf(a, 0) ^ contents.phashOf(b, 0)) +
    countBits(contents.phashOf(a, 1) ^ contents.phashOf(b, 1))
  );
}

/** @see Warren, Hacker's Delight, 5-1 */
function countBits(bits: number): number {
  let sum = bits - ((bits >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
