import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { xywhToXyxy, iou, type Xywh, type Xyxy } from '../../../src/core/box.js';
import { SCENES } from '../cli.js';

/** An object of the shipped scenes, as their ground truth has it. */
export interface SceneObject {
  readonly scene: string; // file name
  readonly name: string; // of its class
  readonly box: Xyxy; // pixels of the upright scene
}

/** A box that was found in a scene. */
export type Found = SceneObject & { readonly prompt: string };

interface Coco {
  readonly images: readonly { id: number; file_name: string }[];
  readonly categories: readonly { id: number; name: string }[];
  readonly annotations: readonly {
    image_id: number;
    category_id: number;
    bbox: Xywh;
    attributes?: { prompt: string };
  }[];
}

/** Every object of every scene. */
export function sceneObjects(): SceneObject[] {
  return objectsOf(join(SCENES, 'instances.json'));
}

/** What a run over the scenes shows. */
export function foundIn(outDir: string): Found[] {
  return objectsOf(join(outDir, 'coco/instances.json'));
}

/** Recall and precision: the share of objects that a box of their class overlaps by half or more, and of such boxes. */
export function agreement(found: readonly SceneObject[], objects: readonly SceneObject[]) {
  const matches = (a: SceneObject, b: SceneObject) =>
    a.scene === b.scene && a.name === b.name && iou(a.box, b.box) >= 0.5;
  return {
    recall: objects.filter((object) => found.some((one) => matches(one, object))).length / objects.length,
    precision: found.filter((one) => objects.some((object) => matches(one, object))).length / found.length,
  };
}

function objectsOf(path: string): Found[] {
  const { images, categories, annotations } = JSON.parse(readFileSync(path, 'utf8')) as Coco;
  const scenes = new Map(images.map(({ id, file_name: name }) => [id, name]));
  const names = new Map(categories.map(({ id, name }) => [id, name]));
  return annotations.map(({ image_id: image, category_id: category, bbox, attributes }) => ({
    scene: scenes.get(image)!,
    name: names.get(category)!,
    box: xywhToXyxy(bbox),
    prompt: attributes?.prompt ?? '',
  }));
}
