import type { Size } from '../../../core/box.js';
import type { LabelledImage } from '../../../core/data-set/data-set.js';
import { readHeaderSize } from '../../../images/header-size.js';
import type { LabelledSet } from '../../../evaluation/compare/compare.js';
import type { OpenedDataSet } from '../../../data-set/open.js';

/** Reads all images of a data set. */
export async function collect(set: OpenedDataSet): Promise<LabelledSet & { readonly notes: readonly string[] }> {
  const images: LabelledImage[] = [];
  for await (const image of set.images) images.push(image);
  return { classes: set.classes, images, isNumbered: set.isNumbered === true, notes: set.notes };
}

/**
 * Sizes of images: as another data set has them, by name, or by the last part of it where that is unique; else as the
 * image itself has it.
 */
export function sizesIn(images: readonly LabelledImage[]) {
  const sizes = new Map<string, Size | undefined>();
  const add = (name: string, size: Size) => sizes.set(name, sizes.has(name) ? undefined : size);
  for (const { name, width, height } of images) {
    if (width === undefined || height === undefined) continue;
    const last = lastPart(name);
    if (last !== name) add(last, { width, height });
  }
  for (const { name, width, height } of images) {
    if (width !== undefined && height !== undefined) sizes.set(name, { width, height });
  }
  return async ({ name, path }: { name: string; path: string | undefined }): Promise<Size | undefined> =>
    sizes.get(name) ?? sizes.get(lastPart(name)) ?? (path === undefined ? undefined : await readHeaderSize(path));
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
