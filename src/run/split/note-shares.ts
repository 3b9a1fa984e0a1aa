import { listParts, type PartName, type SplitRule } from '../../core/data-set/split.js';
import { counted } from '../../core/text.js';
import { choosePart } from './choose-part.js';
import type { DividedImage } from './splits-file.js';

const FAR = 0.1; // from a share, as a share of the images
const DEVIATIONS = 3;

/** What there is to say about parts that are empty, or far from their shares. Training programs want images in each. */
export function noteShares(rule: SplitRule, images: readonly DividedImage[]): string[] {
  const count = images.length;
  if (count === 0) return [];
  const sizeOf = (name: PartName) => images.filter(({ part }) => part === name).length;
  const parts = listParts(rule.shares).map((name) => ({ name, size: sizeOf(name), share: rule.shares[name]! }));
  const empty = parts.filter(({ size }) => size === 0);
  const far = parts.filter(({ size, share }) => size > 0 && isFar(size / count, share, count));
  if (empty.length === 0 && far.length === 0) return [];
  const advice = adviseOn(rule, images);
  const none = empty.map(({ name }) => name).join(' and ');
  const others = far.map(({ name, size, share }) => `${name} has ${size} of ${count} images, not a share of ${share}`);
  return [
    ...(empty.length === 0 ? [] : [`${counted(count, 'image')} divided, of which none is in ${none}: ${advice}`]),
    ...(far.length === 0 ? [] : [`${others.join('; ')}: ${advice}`]),
  ];
}

/** Further than chance explains where each image is by itself. */
function isFar(actual: number, share: number, count: number): boolean {
  const difference = Math.abs(actual - share);
  return difference > FAR && difference > DEVIATIONS * Math.sqrt((share * (1 - share)) / count);
}

function adviseOn(rule: SplitRule, images: readonly DividedImage[]): string {
  const count = images.length;
  const largest = largestGroup(images);
  const smallestShare = Math.min(...listParts(rule.shares).map((part) => rule.shares[part]!));
  const isTooLarge = largest > 1 && largest > smallestShare * count;
  const kept = images.filter(({ group, sha256, part }) => choosePart(group ?? sha256, rule) !== part).length;
  if (kept > (isTooLarge ? FAR * count : 0))
    return 'images keep the parts that they have in splits.json; --reassign divides all of them anew.';
  if (!isTooLarge) return 'a larger share, another --split-seed with --reassign, or more images may help.';
  return (
    `one group has ${largest} of ${count} images, and a group is not divided, so the shares cannot be met. ` +
    `Another --split-by than ${rule.by} with --reassign may help.`
  );
}

function largestGroup(images: readonly DividedImage[]): number {
  const sizes = new Map<string, number>();
  let largest = 0;
  for (const { group, sha256 } of images) {
    const size = (sizes.get(group ?? sha256) ?? 0) + 1;
    sizes.set(group ?? sha256, size);
    largest = Math.max(largest, size);
  }
  return largest;
}
