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

it.each([1, 2, 3])('groups are those of a comparison of all pairs (seed %i)', (seed) => {
  const hashes = someHashes(400, randomNumbers(seed));
  const groups = hashes.map((_, i) => i);
  const find = (i: number): number => (groups[i] === i ? i : find(groups[i]!));
  for (let i = 0; i < hashes.length; i++)
    for (let j = 0; j < i; j++) if (differing(hashes[i]!, hashes[j]!) <= MAX_DISTANCE) groups[find(i)] = find(j);
  const expected = Int32Array.from(groups, (_, i) => find(i));
  expect(sameGroups(groupNear(contentsOf(hashes)))).toEqual(sameGroups(expected));
  expect(new Set(expected).size).toBeGreaterThan(20);
});

it('images with the same bytes are one group, also where it is not known what they look like', () => {
  const groups = groupNear(contentsOf([undefined, undefined, undefined, 5n], ['a', 'b', 'a', 'b']));
  expect(sameGroups(groups)).toEqual(['1010', '0101', '1010', '0101']);
});

it('100,000 images are grouped in seconds, also where many look the same', () => {
  const random = randomNumbers(7);
  const hashes = someHashes(100_000, random).map((hash, i) => (i % 10 === 0 ? 0n : hash));
  const contents = contentsOf(hashes);
  const startMs = performance.now();
  const groups = groupNear(contents);
  expect(performance.now() - startMs).toBeLessThan(30_000);
  expect(groups[10]).toBe(groups[0]);
});
