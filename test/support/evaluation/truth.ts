import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { xywhToXyxy, type Xywh, type Xyxy } from '../../../src/core/box.js';
import { SCENES } from '../cli.js';

export interface Coco {
  images: { id: number; file_name: string; width: number; height: number }[];
  annotations: { image_id: number; category_id: number; bbox: Xywh; score: number }[];
}

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as unknown;

/** What is in the shipped scenes. */
export async function sceneTruth(): Promise<Coco> {
  return (await readJson(join(SCENES, 'instances.json'))) as Coco;
}

/** A box of a class, as scored or as true. */
export interface Labelled {
  readonly classId: number;
  readonly score: number;
  readonly box: Xyxy;
}

/** What `coco/instances.json` of an output folder shows, by image name. */
export async function shownIn(out: string): Promise<Map<string, Labelled[]>> {
  const { images, annotations } = (await readJson(join(out, 'coco/instances.json'))) as Coco;
  return new Map(
    images.map(({ id, file_name: name }) => [name, annotations.filter((one) => one.image_id === id).map(labelled)]),
  );
}

export function labelled({ category_id: classId, score, bbox }: Coco['annotations'][number]): Labelled {
  return { classId, score, box: xywhToXyxy(bbox) };
}
