import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PartName, SplitRule } from '../../../src/core/data-set/split.js';
import { choosePart } from '../../../src/run/split/choose-part.js';
import { ImageContents, type ImageContent } from '../../../src/run/duplicates/image-contents.js';
import { groupImages } from '../../../src/run/split/groups.js';
import { assignParts } from '../../../src/run/split/keep-parts.js';
import type { Splits } from '../../../src/run/split/splits-file.js';
import { randomNumbers } from '../../formats/views.js';

const SHARES = { train: 0.7, val: 0.2, test: 0.1 };
const RULES: SplitRule[] = ['image', 'folder', 'regex:^[^_]*/([a-z]+)_'].map((by) => ({ shares: SHARES, by, seed: 3 }));

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Images in folders of a few sequences each: `f3/b_17.jpg`. Some have the bytes of another one. */
function someImages(count: number, random: () => number): ImageContent[] {
  const names = Array.from({ length: count }, (_, i) => {
    const letter = String.fromCharCode(97 + Math.floor(random() * 26));
    return `f${Math.floor(random() * 40)}/${letter}_${i}.jpg`;
  });
  const images = names.map((name) => ({ name, sha256: sha256(`${name} ${random()}`) }));
  return images.map((image, i) => (i % 5 === 0 ? { ...image, sha256: images[(i * 7 + 1) % count]!.sha256 } : image));
}

function divide(images: readonly ImageContent[], rule: SplitRule, earlier?: Splits) {
  const sorted = ImageContents.of([...images].sort((a, b) => (a.name < b.name ? -1 : 1)));
  return assignParts(sorted, groupImages(sorted, rule), { rule, earlier });
}

function partsOf(images: readonly ImageContent[], rule: SplitRule, earlier?: Splits): Map<string, PartName> {
  return new Map(divide(images, rule, earlier).images.map(({ image, part }) => [image, part]));
}

function toSplits(images: readonly ImageContent[], rule: SplitRule): Splits {
  return { split: rule, made_from: '', images: divide(images, rule).images, removed: [] };
}

describe.each(RULES)('a split by $by', (rule) => {
  it.each([1, 2, 3])('moves no image to another part when others are added, removed or renamed (seed %i)', (seed) => {
    const random = randomNumbers(seed);
    const images = someImages(300, random);
    const before = partsOf(images, rule);
    const stays = images.filter(() => random() < 0.6);
    const renamed = images
      .filter((image) => !stays.includes(image))
      .map((image) => ({ ...image, name: `renamed/${image.name.replace('/', '-')}` }));
    const now = [...stays, ...renamed.slice(0, 50), ...someImages(200, random).map(toOther)];
    for (const earlier of [undefined, toSplits(images, rule)]) {
      const after = partsOf(now, rule, earlier);
      for (const { name } of stays) expect(after.get(name), name).toBe(before.get(name));
    }
  });

  it('keeps together what belongs together', () => {
    const images = someImages(500, randomNumbers(4));
    const parts = partsOf(images, rule);
    const { keys } = groupImages(ImageContents.of(images), rule);
    const byKey = new Map<string, Set<PartName | undefined>>();
    images.forEach(({ name }, i) => {
      byKey.set(keys[i]!, (byKey.get(keys[i]!) ?? new Set()).add(parts.get(name)));
    });
    expect([...byKey.values()].filter(({ size }) => size > 1)).toEqual([]);
    expect(new Set(parts.values()).size).toBe(3);
  });
});

function toOther(image: ImageContent): ImageContent {
  return { ...image, name: `other-${image.name}` };
}

it('shares are met as far as hashing allows: within four standard deviations', () => {
  const count = 20_000;
  for (const seed of [0, 1, 2]) {
    const parts = Array.from({ length: count }, (_, i) =>
      choosePart(sha256(String(i)), { shares: SHARES, by: '', seed }),
    );
    for (const part of ['train', 'val', 'test'] as const) {
      const share = SHARES[part];
      const found = parts.filter((one) => one === part).length;
      expect(Math.abs(found - share * count)).toBeLessThan(4 * Math.sqrt(count * share * (1 - share)));
    }
  }
});

it('the part of a key is what other programs compute', () => {
  const { shares, seed, by } = { shares: { train: 0.5, val: 0.25, test: 0.25 }, seed: 7, by: 'folder' };
  for (const key of ['a', 'sub/folder', 'ünïcode']) {
    const place = Number.parseInt(sha256(`7:${key}`).slice(0, 12), 16) / 2 ** 48;
    const expected = place < 0.5 ? 'train' : place < 0.75 ? 'val' : 'test';
    expect(choosePart(key, { shares, seed, by })).toBe(expected);
  }
});

/** Hashes of images that are in several parts. */
function findTornContents({ images }: Splits): string[] {
  const parts = new Map<string, Set<PartName>>();
  for (const { sha256, part } of images) parts.set(sha256, (parts.get(sha256) ?? new Set()).add(part));
  return [...parts].filter(([, { size }]) => size > 1).map(([hash]) => hash);
}

describe('parts that were written', () => {
  const images = someImages(200, randomNumbers(9));
  const [rule] = RULES as [SplitRule];
  const earlier = toSplits(images, rule);

  it('are kept under other shares and another seed, and for images under other names', () => {
    const before = partsOf(images, rule);
    const other = { ...rule, shares: { train: 0.1, val: 0.9 }, seed: 5 };
    const { moved } = divide(images, other, earlier);
    expect(moved).toBeGreaterThan(100);
    expect(partsOf(images, other, earlier)).toEqual(before);
    const renamed = images.map((image) => ({ ...image, name: `b/${image.name}` }));
    const after = partsOf(renamed, other, earlier);
    for (const { name } of images) expect(after.get(`b/${name}`)).toBe(before.get(name));
    expect(partsOf(images, other)).not.toEqual(before);
  });

  it.each(RULES.flatMap((from) => ['near', ...RULES.map(({ by }) => by)].map((by) => [from.by, by])))(
    'are kept where images were divided by %s and are now divided by %s, also of images with the same bytes',
    (from, by) => {
      const before = toSplits(images, { ...rule, by: from });
      const after = divide(images, { ...rule, by: by }, before);
      expect(after.images.map(({ image, part }) => `${image} ${part}`)).toEqual(
        before.images.map(({ image, part }) => `${image} ${part}`),
      );
      const torn = findTornContents(before);
      if (from !== 'image') expect(torn.length).toBeGreaterThan(5);
      if (by === 'image' || by === 'near')
        expect(after.torn.map(([first]) => first!.sha256).sort()).toEqual(torn.sort());
    },
  );

  it('are those of images that come back', () => {
    const [first, ...others] = earlier.images;
    const removed: Splits = { ...earlier, images: others, removed: [{ ...first!, part: 'test' }] };
    expect(partsOf(images, rule, removed).get(first!.image)).toBe('test');
  });

  it('are those of new images in a folder that has a part', () => {
    const byFolder: SplitRule = { shares: { train: 0.5, val: 0.5 }, by: 'folder', seed: 0 };
    const before = toSplits(images, byFolder);
    const turned = { ...byFolder, shares: { train: 0.01, val: 0.99 } };
    const added = images.map(({ name }) => ({ name: `${name}.png`, sha256: sha256(name) }));
    const parts = partsOf([...images, ...added], turned, before);
    for (const { image, part } of before.images) {
      expect(parts.get(image)).toBe(part);
      expect(parts.get(`${image}.png`)).toBe(part);
    }
  });

  it('are reported where they tear apart what belongs together', () => {
    const byFolder: SplitRule = { ...rule, by: 'folder' };
    const { torn } = divide(images, byFolder, earlier);
    expect(torn.length).toBeGreaterThan(10);
    expect(divide(images, byFolder).torn).toEqual([]);
  });
});

it('an image whose name a pattern does not fit is by itself', () => {
  const images = [
    { name: 'a_1.jpg', sha256: 'x' },
    { name: 'b.jpg', sha256: sha256('y') },
  ];
  const groups = groupImages(ImageContents.of(images), { by: 'regex:^(.*)_' });
  expect(groups).toEqual({ keys: ['a', sha256('y')], isOfContent: false, unmatched: 1 });
});
