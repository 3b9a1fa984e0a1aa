import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { SplitRule } from '../../../src/core/data-set/split.js';
import { choosePart } from '../../../src/run/split/choose-part.js';
import { noteShares } from '../../../src/run/split/note-shares.js';
import type { DividedImage } from '../../../src/run/split/splits-file.js';

const RULE: SplitRule = { shares: { train: 0.8, val: 0.2 }, by: 'folder', seed: 0 };

/** Images by the rule; the first ones are of one group. */
function divided(count: number, { rule = RULE, together = 0, key = 'a' } = {}): DividedImage[] {
  return Array.from({ length: count }, (_, i) => {
    const sha256 = createHash('sha256').update(String(i)).digest('hex');
    const group = i < together ? { group: key } : {};
    return { image: `${i}.jpg`, sha256, ...group, part: choosePart(group.group ?? sha256, rule) };
  });
}

it('parts near their shares need no note', () => {
  expect(noteShares(RULE, divided(500))).toEqual([]);
  expect(noteShares(RULE, [])).toEqual([]);
});

it('a group that is larger than a share is named', () => {
  const inVal = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find((key) => choosePart(key, RULE) === 'val')!;
  const [note, ...others] = noteShares(RULE, divided(53, { together: 47, key: inVal }));
  expect(others).toEqual([]);
  expect(note).toMatch(/train has \d of 53 images, not a share of 0\.8; val has \d+ of 53 images, not a share of 0\.2/);
  expect(note).toContain('one group has 47 of 53 images, and a group is not divided, so the shares cannot be met');
});

it('the advice on parts that were kept is --reassign, not a larger share', () => {
  const images = divided(53).map((image) => ({ ...image, part: 'train' as const }));
  const [note] = noteShares(RULE, images);
  expect(note).toContain('none is in val: images keep the parts that they have in splits.json; --reassign');
  expect(note).not.toContain('larger share');
});

it('an empty part that chance explains has the advice that helps', () => {
  const images = divided(40).filter(({ part }) => part === 'train');
  const advice = 'a larger share, another --split-seed with --reassign, or more images may help.';
  expect(noteShares(RULE, images.slice(0, 3))).toEqual([`3 images divided, of which none is in val: ${advice}`]);
});
