import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ImageFile } from '../core/image.js';

/** One part of the images, of those that machines share. */
export const Shard = z.object({
  index: z.int().min(1), // from 1 to count
  count: z.int().min(1),
});
export type Shard = Readonly<z.output<typeof Shard>>;

/** The part of the images that a run annotates; all of them where it is empty. */
export const ImageChoice = z.object({
  limit: z.int().exactOptional(), // the first by name
  sample: z.int().exactOptional(), // by a hash of the name
  shard: Shard.exactOptional(), // of those that the others leave, by a hash of the name
});
export type ImageChoice = Readonly<z.output<typeof ImageChoice>>;

/**
 * The images that are chosen. A larger number chooses the same images and more: a run can be continued with it. A shard
 * is taken last, so that all shards together have what is chosen without one.
 *
 * @param images - Sorted by name.
 * @returns Sorted by name.
 */
export function chooseImages(images: readonly ImageFile[], choice: ImageChoice): readonly ImageFile[] {
  const { limit, sample, shard } = choice;
  if (shard !== undefined) {
    const { shard: _, ...others } = choice;
    return chooseImages(images, others).filter(({ name }) => partOf(name, shard.count) === shard.index);
  }
  if (sample !== undefined && sample < images.length) return takeSample(images, sample);
  return limit === undefined ? images : images.slice(0, limit);
}

/** How many of `found` images are chosen, by all shards together. */
export function countChosen(found: number, { limit, sample }: ImageChoice): number {
  return Math.min(found, limit ?? found, sample ?? found);
}

/** `--limit 20 --shard 1/4`; undefined where all images are chosen. */
export function describeChoice({ limit, sample, shard }: ImageChoice): string | undefined {
  const options = [
    ...(sample !== undefined ? [`--sample ${sample}`] : limit === undefined ? [] : [`--limit ${limit}`]),
    ...(shard === undefined ? [] : [`--shard ${formatShard(shard)}`]),
  ];
  return options.length === 0 ? undefined : options.join(' ');
}

/** `1/4` */
export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/**
 * The shard, from 1, that an image belongs to: the first four bytes of the SHA-256 of its name in UTF-8, as a whole
 * number with the most significant byte first, modulo the number of shards, plus 1. Other programs may compute it: it
 * must never change.
 */
export function partOf(name: string, count: number): number {
  return (createHash('sha256').update(name).digest().readUInt32BE(0) % count) + 1;
}

function takeSample(images: readonly ImageFile[], count: number): readonly ImageFile[] {
  const hashed = images.map(({ name }) => ({ name, hash: createHash('sha256').update(name).digest('hex') }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const chosen = new Set(hashed.slice(0, count).map(({ name }) => name));
  return images.filter(({ name }) => chosen.has(name));
}
