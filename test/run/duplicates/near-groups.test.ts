import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { ImageContents } from '../../../src/run/duplicates/image-contents.js';
import { groupNear, MAX_DISTANCE } from '../../../src/run/duplicates/near-groups.js';
import { randomNumbers } from '../../formats/views.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function differing(a: bigint, b: bigint): number {
  let count = 0;
  for (let bits = a ^ b; bits > 0n; bits >>= 1n) count += Number(bits & 1n);
  return count;
}

/** Hashes in clusters, at all distances from each other; some of them are equal. */
function someHashes(count: number, random: () => number): bigint[] {
  const bits = () => BigInt(Math.floor(random() * 2 ** 32));
  const centres = Array.from({ length: count / 8 }, () => (bits() << 32n) | bits());
  return Array.from({ length: count }, () => {
    let hash = centres[Math.floor(random() * centres.length)]!;
    for (let flips = Math.floor(random() * 14); flips > 0; flips--) hash ^= 1n << BigInt(Math.floor(random() * 64));
    return hash;
  });
}

function contentsOf(hashes: readonly (bigint | undefined)[], names = hashes.map((_, i) => String(i))): ImageContents {
  return ImageContents.of(
    hashes.map((hash, i) => ({
      name: String(i),
      sha256: sha256(names[i]!),
      phash: hash?.toString(16).padStart(16, '0'),
    })),
  );
}

function sameGroups(groups: Int32Array): string[] {
  return Array.from(groups, (group) => Array.from(groups, (other) => (other === group ? '1' : '0')).join(''));
}

function compareAllPairs(hashes: readonly bigint[]): Int32Array {
  const groups = hashes.map((_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (groups[at] !== at) at = groups[at]!;
    return at;
  };
  for (let i = 0; i < hashes.length; i++)
    for (let j = 0; j < i; j++) if (differing(hashes[i]!, hashes[j]!) <= MAX_DISTANCE) groups[find(i)] = find(j);
  return Int32Array.from(groups, (_, i) => find(i));
}

/** A hash with some of its bits changed. */
function flip(hash: bigint, flips: number, random: () => number): bigint {
  let flipped = hash;
  for (let i = 0; i < flips; i++) flipped ^= 1n << BigInt(Math.floor(random() * 64));
  return flipped;
}

it.each([1, 2, 3])('groups are those of a comparison of all pairs (seed %i)', async (seed) => {
  const hashes = someHashes(400, randomNumbers(seed));
  const expected = compareAllPairs(hashes);
  expect(sameGroups((await groupNear(contentsOf(hashes))).of)).toEqual(sameGroups(expected));
  expect(new Set(expected).size).toBeGreaterThan(20);
});

it.each([1, 2, 3])('so they are where many images share a few scenes, at all distances (seed %i)', async (seed) => {
  const random = randomNumbers(seed);
  const scenes = Array.from({ length: 4 }, (_, i) => flip(0x0123456789abcdefn, i * 6, random));
  const hashes = Array.from({ length: 700 }, (_, i) => flip(scenes[i % 4]!, Math.floor(random() * 24), random));
  const expected = compareAllPairs(hashes);
  expect(sameGroups((await groupNear(contentsOf(hashes))).of)).toEqual(sameGroups(expected));
  expect(new Set(expected).size).toBeGreaterThan(20);
});

it('thousands of frames of one camera are compared with few others each, and other work goes on', async () => {
  const random = randomNumbers(5);
  const frames = (count: number) => {
    const unique = new Set<bigint>();
    while (unique.size < count) unique.add(flip(0x5a5a12345678c3c3n, Math.floor(random() * 7), random));
    return contentsOf([...unique]);
  };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const [some, many] = [await groupNear(frames(4000)), await groupNear(frames(32_000))];
  clearInterval(timer);
  for (const { of } of [some, many]) expect(new Set(of).size).toBe(1);
  expect(some.compared).toBeLessThan(40 * 4000);
  expect(many.compared).toBeLessThan(40 * 32_000);
  expect(turns).toBeGreaterThan(2);
});

it('images with the same bytes are one group, also where it is not known what they look like', async () => {
  const { of: groups } = await groupNear(contentsOf([undefined, undefined, undefined, 5n], ['a', 'b', 'a', 'b']));
  expect(sameGroups(groups)).toEqual(['1010', '0101', '1010', '0101']);
});

it('100,000 images are grouped in seconds, also where many look the same', async () => {
  const random = randomNumbers(7);
  const hashes = someHashes(100_000, random).map((hash, i) => (i % 10 === 0 ? 0n : hash));
  const contents = contentsOf(hashes);
  const startMs = performance.now();
  const { of: groups } = await groupNear(contents);
  expect(performance.now() - startMs).toBeLessThan(30_000);
  expect(groups[10]).toBe(groups[0]);
});
