import { posix } from 'node:path';
import { patternOf, type SplitRule } from '../../core/data-set/split.js';
import type { ImageContents } from '../duplicates/image-contents.js';

/** The key of each image's group. */
export interface Groups {
  readonly keys: readonly string[]; // in the order of the images
  readonly isOfContent: boolean; // the keys are content hashes, of the image itself or of another one of its group
  readonly unseen?: number; // images of which it is not known what they look like, where that decides
  readonly unmatched: number; // images whose names the pattern does not fit: each is a group with its equals
}

/**
 * @param images - In any order: the keys are the same for each.
 * @param near - For each image, one of those that look like it, which is the same for all of them; undefined where the
 *   rule does not ask for that.
 */
export function groupImages(images: ImageContents, { by }: Pick<SplitRule, 'by'>, near?: Int32Array): Groups {
  const pattern = patternOf(by);
  if (pattern !== undefined) return groupByPattern(images, pattern);
  if (by === 'folder') {
    return { keys: images.names.map((name) => posix.dirname(name)), isOfContent: false, unmatched: 0 };
  }
  if (near !== undefined) {
    const unseen = images.names.filter((_, index) => !images.hasPhash(index)).length;
    return { keys: findNearKeys(images, near), isOfContent: true, unmatched: 0, unseen };
  }
  return { keys: images.names.map((_, index) => images.sha256Of(index)), isOfContent: true, unmatched: 0 };
}

/** The smallest hash of each group. */
function findNearKeys(images: ImageContents, groups: Int32Array): string[] {
  const smallest = new Map<number, number>();
  groups.forEach((group, index) => {
    const other = smallest.get(group);
    if (other === undefined || images.compare(index, other) < 0) smallest.set(group, index);
  });
  return Array.from(groups, (group) => images.sha256Of(smallest.get(group)!));
}

function groupByPattern(images: ImageContents, pattern: RegExp): Groups {
  let unmatched = 0;
  const keys = images.names.map((name, index) => {
    const [, found] = pattern.exec(name) ?? [];
    if (found === undefined) unmatched++;
    return found ?? images.sha256Of(index);
  });
  return { keys, isOfContent: false, unmatched };
}
