import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ImageFile } from '../core/image.js';

/** The part of the images that a run annotates; all of them where it is empty. */
export const ImageChoice = z.object({
  limit: z.int().exactOptional(), // the first by name
  sample: z.int().exactOptional(), // by a hash of the name
});
export type ImageChoice = Readonly<z.output<typeof ImageChoice>>;

/**
 * The images that are chosen. A larger number chooses the same images and more: a run can be continued with it.
 *
 * @param images - Sorted by name.
 * @returns Sorted by name.
 */
export function chooseImages(images: readonly ImageFile[], { limit, sample }: ImageChoice): readonly ImageFile[] {
  if (sample !== undefined && sample < images.length) return takeSample(images, sample);
  return limit === undefined ? images : images.slice(0, limit);
}

/** How many of `found` images are chosen. */
export function countChosen(found: number, { limit, sample }: ImageChoice): number {
  return Math.min(found, limit ?? found, sample ?? found);
}

/** `--limit 20`; undefined where all images are chosen. */
export function describeChoice({ limit, sample }: ImageChoice): string | undefined {
  if (sample !== undefined) return `--sample ${sample}`;
  return limit === undefined ? undefined : `--limit ${limit}`;
}

function takeSample(images: readonly ImageFile[], count: number): readonly ImageFile[] {
  const hashed = images.map(({ name }) => ({ name, hash: createHash('sha256').update(name).digest('hex') }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const chosen = new Set(hashed.slice(0, count).map(({ name }) => name));
  return images.filter(({ name }) => chosen.has(name));
}
