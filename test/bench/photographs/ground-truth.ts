import { readdir, readFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { z } from 'zod';
import type { CocoTruth } from '../../support/evaluation/coco-file.js';
import { shuffled } from '../../support/random.js';

/** LVIS gives an address where COCO gives a name, and which classes were looked for. */
const Image = z
  .object({
    id: z.int(),
    file_name: z.string().exactOptional(),
    coco_url: z.string().exactOptional(),
    neg_category_ids: z.array(z.int()).exactOptional(),
  })
  .transform(({ id, file_name: name, coco_url: url = '', neg_category_ids: absent }) => {
    return { id, file_name: name ?? basename(url), isPartial: absent !== undefined };
  });

const Truth = z.object({
  images: z.array(Image),
  categories: z.array(z.object({ id: z.int(), name: z.string() })).min(1),
  annotations: z.array(
    z.object({
      image_id: z.int(),
      category_id: z.int(),
      bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      area: z.number().exactOptional(),
      iscrowd: z.union([z.literal(0), z.literal(1)]).exactOptional(),
    }),
  ),
});

/** Photographs with what is in them. */
export interface GroundTruth {
  readonly file: string;
  readonly coco: CocoTruth; // of the images that are there
  readonly paths: ReadonlyMap<number, string>; // by the image's id; absolute
  readonly isPartial: boolean; // only some classes were looked for in each image, as in LVIS
  readonly missing: number; // images of the file that are not in the folder
}

/** What is evaluated. */
export interface TruthOptions {
  readonly truth?: string | undefined; // its file; default: the only one of the folder
  readonly images?: number | undefined; // how many, drawn at random; default: all
  readonly seed: number;
}

/**
 * Reads the ground truth of a folder and finds its images there: by the name that the file has, else by the last part
 * of it.
 *
 * @throws Error saying what is missing.
 */
export async function readGroundTruth(folder: string, options: TruthOptions): Promise<GroundTruth> {
  const names = await readdir(folder, { recursive: true });
  const file = options.truth ?? (await findTruth(folder, names));
  const coco = Truth.parse(JSON.parse(await readFile(file, 'utf8')));
  const listed = new Set(names.map((name) => name.replaceAll(sep, '/')));
  const byLast = new Map([...listed].map((name) => [basename(name), name]));
  const places = coco.images.map(({ id, file_name: name }): [number, string | undefined] => [
    id,
    listed.has(name) ? name : byLast.get(basename(name)),
  ]);
  const found = places.filter((place): place is [number, string] => place[1] !== undefined);
  if (found.length === 0) throw new Error(`${folder} has none of the ${coco.images.length} images of ${file}.`);
  const chosen = options.images === undefined ? found : shuffled(found, options.seed).slice(0, options.images);
  const paths = new Map(chosen.map(([id, name]) => [id, join(folder, name)]));
  const images = coco.images.filter(({ id }) => paths.has(id));
  const annotations = coco.annotations.filter((one) => paths.has(one.image_id));
  return {
    ...{ file, paths },
    coco: { ...coco, images, annotations },
    isPartial: images.some(({ isPartial }) => isPartial),
    missing: places.length - found.length,
  };
}

async function findTruth(folder: string, names: readonly string[]): Promise<string> {
  const files = names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
  const candidates: string[] = [];
  for (const file of files) if (await isTruth(file)) candidates.push(file);
  const [found, ...others] = candidates;
  if (found === undefined)
    throw new Error(`${folder} holds no COCO ground truth (*.json): give its file with --truth.`);
  if (others.length === 0) return found;
  throw new Error(`${folder} holds several files of ground truth: ${candidates.join(', ')}. Choose one with --truth.`);
}

async function isTruth(file: string): Promise<boolean> {
  try {
    return Truth.safeParse(JSON.parse(await readFile(file, 'utf8'))).success;
  } catch {
    return false; // another kind of file
  }
}
