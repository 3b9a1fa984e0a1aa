import { setImmediate } from 'node:timers/promises';
import { DisjointSets } from './disjoint-sets.js';
import type { ImageContents } from './image-contents.js';

/** Bits in which the perceptual hashes of two images that look alike may differ, of 64. */
export const MAX_DISTANCE = 7;

const BANDS = 4; // of 16 bits: one of them differs in at most one bit, where all together differ in at most seven
const KEYS_BITS = 16;
const KEYS = 1 << KEYS_BITS;

const NONE = -1;
const SLICE = 1 << 20; // comparisons, and buckets looked at: a few milliseconds
const SLICE_OF_IMAGES = 1 << 14;

/** Groups of images. */
export interface NearGroups {
  readonly of: Int32Array; // for each image, one of its group, which is the same for all of them
  readonly compared: number; // pairs of images
}

/**
 * Groups images with the same bytes, and images whose perceptual hashes are alike; images that are alike through a
 * third one are of one group.
 *
 * Other work of this process has its turn meanwhile.
 */
export async function groupNear(contents: ImageContents): Promise<NearGroups> {
  const groups = new DisjointSets(contents.count);
  joinIdentical(contents, groups);
  const compared = await joinAlike(contents, groups);
  return { of: Int32Array.from({ length: contents.count }, (_, index) => groups.find(index)), compared };
}

function joinIdentical(contents: ImageContents, groups: DisjointSets): void {
  const first = new Map<number, number>();
  for (let index = 0; index < contents.count; index++) {
    const key = contents.keyOf(index);
    const other = first.get(key);
    if (other === undefined) first.set(key, index);
    else if (contents.compare(index, other) === 0) groups.join(index, other);
  }
}

/** Compares only images that share a band but for one bit, and of those no two that are of one group already. */
async function joinAlike(contents: ImageContents, groups: DisjointSets): Promise<number> {
  const images = await chooseDistinct(contents, groups);
  let compared = 0;
  let visited = 0;
  for (let band = 0; band < BANDS; band++) {
    const sorted = sortByBand(contents, images, band); // what is compared lies together in memory
    const buckets = new Buckets(toRows(contents, sorted), groups);
    for (let place = 0; place < sorted.length; place++) {
      const key = bandOf(contents, sorted[place]!, band);
      for (let bit = -1; bit < KEYS_BITS; bit++) buckets.joinWith(place, bit < 0 ? key : key ^ (1 << bit));
      buckets.add(place, key);
      visited += KEYS_BITS;
      if (visited + buckets.compared < SLICE) continue;
      compared += buckets.compared;
      buckets.compared = visited = 0;
      await setImmediate(); // signals, and the heartbeat of the lock
    }
    compared += buckets.compared;
  }
  return compared;
}

/**
 * Images by the value of one band. Those of a bucket that are of one group are a chain, of which an image of that group
 * is compared with none, and another one with the latest first, until one is alike: images of one scene are listed one
 * after the other. A chain is named by one of its images.
 */
class Buckets {
  compared = 0; // pairs of images
  readonly #groups: DisjointSets;
  readonly #first = new Int32Array(KEYS).fill(NONE); // chain of each bucket
  readonly #rows: Int32Array;

  /** @param rows - Of all images, which are named here by their places in it. */
  constructor(rows: Int32Array, groups: DisjointSets) {
    this.#rows = rows;
    this.#groups = groups;
  }

  /** Joins an image with the groups of a bucket that have one like it, and the chains of its group. */
  joinWith(image: number, key: number): void {
    const rows = this.#rows;
    let own = NONE;
    let previous = NONE;
    for (let chain = this.#first[key]!; chain !== NONE; chain = rows[chain * ROW + NEXT]!) {
      this.compared++;
      const toName = this.#distance(chain, image);
      const isFar = toName > rows[chain * ROW + RADIUS]! + MAX_DISTANCE; // from all images of the chain
      if (isFar || !this.#isJoined(chain, image, toName)) previous = chain;
      else if (own === NONE) previous = own = chain;
      else {
        this.#append(own, chain);
        rows[previous * ROW + NEXT] = rows[chain * ROW + NEXT]!;
      }
    }
  }

  add(image: number, key: number): void {
    const rows = this.#rows;
    const group = this.#groupOf(image);
    let own = this.#first[key]!;
    while (own !== NONE && (this.#isFar(own, image) || this.#groupOf(own) !== group)) own = rows[own * ROW + NEXT]!;
    rows[image * ROW + BEFORE] = own === NONE ? NONE : rows[own * ROW + LATEST]!;
    if (own === NONE) {
      own = image;
      rows[own * ROW + NEXT] = this.#first[key]!;
      rows[own * ROW + RADIUS] = 0;
      this.#first[key] = rows[own * ROW + EARLIEST] = own;
    } else this.#widen(own, this.#distance(own, image));
    rows[own * ROW + LATEST] = image;
  }

  #groupOf(image: number): number {
    return this.#groups.find(this.#rows[image * ROW + INDEX]!);
  }

  #isFar(chain: number, image: number): boolean {
    return this.#distance(chain, image) > this.#rows[chain * ROW + RADIUS]! + MAX_DISTANCE;
  }

  /** Whether an image is of the group of a chain, or becomes so. */
  #isJoined(chain: number, image: number, toName: number): boolean {
    if (this.#groupOf(chain) === this.#groupOf(image)) return true;
    if (toName > MAX_DISTANCE && !this.#hasAlike(chain, image)) return false;
    this.#groups.join(this.#groupOf(image), this.#groupOf(chain));
    return true;
  }

  #hasAlike(chain: number, image: number): boolean {
    const rows = this.#rows;
    for (let other = rows[chain * ROW + LATEST]!; other !== NONE; other = rows[other * ROW + BEFORE]!) {
      this.compared++;
      if (this.#distance(other, image) <= MAX_DISTANCE) return true;
    }
    return false;
  }

  #append(chain: number, other: number): void {
    const rows = this.#rows;
    this.#widen(chain, this.#distance(chain, other) + rows[other * ROW + RADIUS]!);
    rows[rows[chain * ROW + EARLIEST]! * ROW + BEFORE] = rows[other * ROW + LATEST]!;
    rows[chain * ROW + EARLIEST] = rows[other * ROW + EARLIEST]!;
  }

  #widen(chain: number, radius: number): void {
    if (radius > this.#rows[chain * ROW + RADIUS]!) this.#rows[chain * ROW + RADIUS] = radius;
  }

  #distance(a: number, b: number): number {
    const rows = this.#rows;
    return (
      countBits(rows[a * ROW + HIGH]! ^ rows[b * ROW + HIGH]!) + countBits(rows[a * ROW + LOW]! ^ rows[b * ROW + LOW]!)
    );
  }
}

// What is known of an image in its bucket, side by side, because each access to memory counts.
const ROW = 8;
const HIGH = 0; // of its perceptual hash
const LOW = 1;
const BEFORE = 2; // the image before it in its chain
const NEXT = 3; // of the chain that it names: the next one of the bucket
const LATEST = 4; // of that chain
const EARLIEST = 5; // of that chain
const INDEX = 7; // of the image among all
const RADIUS = 6; // of that chain: no image of it differs from this one in more bits

function toRows(contents: ImageContents, images: Int32Array): Int32Array {
  const rows = new Int32Array(images.length * ROW);
  images.forEach((index, place) => {
    rows[place * ROW + HIGH] = contents.phashOf(index, 0);
    rows[place * ROW + LOW] = contents.phashOf(index, 1);
    rows[place * ROW + INDEX] = index;
  });
  return rows;
}

/** Counting sort. */
function sortByBand(contents: ImageContents, images: Int32Array, band: number): Int32Array {
  const ends = new Int32Array(KEYS);
  for (const index of images) ends[bandOf(contents, index, band)]!++;
  for (let key = 1; key < KEYS; key++) ends[key]! += ends[key - 1]!;
  const sorted = new Int32Array(images.length);
  for (let i = images.length - 1; i >= 0; i--) sorted[--ends[bandOf(contents, images[i]!, band)]!] = images[i]!;
  return sorted;
}

/** One image of each perceptual hash; the others are joined with it. */
async function chooseDistinct(contents: ImageContents, groups: DisjointSets): Promise<Int32Array> {
  const chosen = new Int32Array(contents.count);
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(contents.count * 2 + 2))).fill(NONE);
  let count = 0;
  for (let index = 0; index < contents.count; index++) {
    if (index % SLICE_OF_IMAGES === 0) await setImmediate();
    if (!contents.hasPhash(index)) continue;
    let slot = mixPhash(contents, index) & (slots.length - 1);
    while (slots[slot] !== NONE && distance(contents, slots[slot]!, index) !== 0)
      slot = (slot + 1) & (slots.length - 1);
    if (slots[slot] === NONE) slots[slot] = chosen[count++] = index;
    else groups.join(index, slots[slot]!);
  }
  return chosen.subarray(0, count);
}

/** Spreads similar hashes over all numbers. @see MurmurHash3, fmix32 */
function mixPhash(contents: ImageContents, index: number): number {
  let mixed = Math.imul(contents.phashOf(index, 0), 0x9e3779b1) ^ contents.phashOf(index, 1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
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
