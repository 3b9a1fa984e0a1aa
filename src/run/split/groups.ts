import { posix } from 'node:path';
import { patternOf, type SplitRule } from '../../core/data-set/split.js';

/** What of an image decides with which others it stays together. */
export interface GroupedImage {
  readonly name: string;
  readonly sha256: string;
}

/** The key of each image's group. */
export interface Groups {
  readonly keys: readonly string[]; // in the order of the images
  readonly isOfContent: boolean; // the keys are content hashes, of the image itself or of another one of its group
  readonly unmatched: number; // images whose names the pattern does not fit: each is a group with its equals
}

/** @param images - In any order: the keys are the same for each. */
export function groupImages(images: readonly GroupedImage[], { by }: Pick<SplitRule, 'by'>): Groups {
  const pattern = patternOf(by);
  if (pattern !== undefined) return groupByPattern(images, pattern);
  if (by === 'folder') {
    return { keys: images.map(({ name }) => posix.dirname(name)), isOfContent: false, unmatched: 0 };
  }
  return { keys: images.map(({ sha256 }) => sha256), isOfContent: true, unmatched: 0 };
}

function groupByPattern(images: readonly GroupedImage[], pattern: RegExp): Groups {
  let unmatched = 0;
  const keys = images.map(({ name, sha256 }) => {
    const [, found] = pattern.exec(name) ?? [];
    if (found === undefined) unmatched++;
    return found ?? sha256;
  });
  return { keys, isOfContent: false, unmatched };
}
