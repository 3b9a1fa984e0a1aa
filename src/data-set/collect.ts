import { join } from 'node:path';
import type { Size } from '../core/box.js';
import type { LabelledImage } from '../core/data-set/data-set.js';
import { readHeaderSize } from '../images/header-size.js';
import type { LabelledSet } from '../evaluation/compare/compare.js';
import type { OpenedDataSet } from './open.js';
import { withoutEnding } from '../formats/reading/image-names.js';

/** Reads all images of a data set. */
export async function collect(set: OpenedDataSet): Promise<LabelledSet & { readonly notes: readonly string[] }> {
  const images: LabelledImage[] = [];
  for await (const image of set.images) images.push(image);
  return { classes: set.classes, images, isNumbered: set.isNumbered === true, notes: set.notes };
}

/**
 * Sizes of images: as another data set has them, by name, or by the last part of it, with or without its ending, where
 * that is unique; else as the image itself has it.
 *
 * @param imagesRoot - Absolute folder of images that a data set does not lead to.
 */
export function sizesIn(images: readonly LabelledImage[], imagesRoot?: string) {
  const sizes = new Map<string, Size | undefined>();
  const add = (name: string, size: Size) => sizes.set(name, sizes.has(name) ? undefined : size);
  for (const { name, width, height } of images) {
    if (width === undefined || height === undefined) continue;
    const last = lastPart(name);
    for (const short of new Set([last, withoutEnding(last)])) if (short !== name) add(short, { width, height });
  }
  for (const { name, width, height } of images) {
    if (width !== undefined && height !== undefined) sizes.set(name, { width, height });
  }
  return async ({ name, path }: { name: string; path: string | undefined }): Promise<Size | undefined> => {
    const known = sizes.get(name) ?? sizes.get(lastPart(name));
    const file = path ?? (imagesRoot === undefined ? undefined : join(imagesRoot, name));
    return known ?? (file === undefined ? undefined : await readHeaderSize(file));
  };
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
