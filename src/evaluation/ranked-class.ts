import type { EvaluatedImage, EvaluatedObject, FoundObject } from './evaluated-image.js';
import { areaOf, IGNORED, matchDetections, orderTargets, overlapsOf, RIGHT, WRONG } from './match-boxes.js';

/** COCO's sizes of objects, in square pixels, borders included. */
export const SIZES = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const satisfies Record<string, readonly [number, number]>;
export type SizeName = keyof typeof SIZES;

/** One class in one image. */
export interface ClassScene {
  readonly image: number; // its index
  readonly objects: readonly EvaluatedObject[];
  readonly detections: readonly FoundObject[]; // best first
}

/** The detections of one class in all images, best first, and how each compares with the objects. */
export interface RankedClass {
  readonly classId: number;
  readonly length: number; // detections
  readonly images: Int32Array; // of each detection, its image
  readonly ranks: Int32Array; // of each detection, its place among those of its image, from 0
  readonly scores: Float64Array;
  readonly sizes: Readonly<Record<SizeName, JudgedSize>>;
}

/** How detections compare with the objects of one size; objects of others are neither to be found nor wrong. */
export interface JudgedSize {
  readonly verdicts: Uint8Array; // `[IoUs, detections]`
  readonly objects: ObjectCounts;
}

/** How many objects that count each image has. */
export interface ObjectCounts {
  readonly images: Int32Array;
  readonly counts: Int32Array;
}

/** Images by class, ascending, in their order. A class is there if it has an object or a detection. */
export function divideByClass(images: readonly EvaluatedImage[]): [classId: number, scenes: ClassScene[]][] {
  type Scene = { image: number; objects: EvaluatedObject[]; detections: FoundObject[] };
  const classes = new Map<number, Scene[]>();
  const sceneOf = (classId: number, image: number): Scene => {
    let scenes = classes.get(classId);
    if (scenes === undefined) classes.set(classId, (scenes = []));
    const last = scenes.at(-1);
    if (last?.image === image) return last;
    const scene = { image, objects: [], detections: [] };
    scenes.push(scene);
    return scene;
  };
  for (const [image, { objects, detections }] of images.entries()) {
    for (const object of objects) sceneOf(object.classId, image).objects.push(object);
    for (const detection of detections) sceneOf(detection.classId, image).detections.push(detection);
  }
  for (const scenes of classes.values())
    for (const { detections } of scenes) detections.sort((a, b) => b.score - a.score); // stable, as in the original
  return [...classes].sort(([a], [b]) => a - b);
}

/** @param maxDetections - Of an image, the best; others are not looked at. */
export function rankClass(
  classId: number,
  scenes: readonly ClassScene[],
  { ious, maxDetections }: { ious: readonly number[]; maxDetections: number },
): RankedClass {
  const shown = scenes.map((scene) => ({ ...scene, detections: scene.detections.slice(0, maxDetections) }));
  const length = shown.reduce((sum, { detections }) => sum + detections.length, 0);
  const [images, ranks] = [new Int32Array(length), new Int32Array(length)];
  const scores = new Float64Array(length);
  let at = 0;
  for (const { image, detections } of shown) {
    for (const [rank, { score }] of detections.entries()) {
      images[at] = image;
      ranks[at] = rank;
      scores[at++] = score;
    }
  }
  // By score, then by image, then by place: the order of a stable sort of all images one after another.
  const order = Uint32Array.from({ length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const overlaps = shown.map(({ detections, objects }) => overlapsOf(detections, objects));
  const judged = Object.entries(SIZES).map(([name, size]) => [name, judge(shown, { overlaps, order, ious, size })]);
  const inOrder = <Values extends Int32Array | Float64Array>(values: Values): Values =>
    values.map((_, place) => values[order[place]!]!) as Values;
  return {
    classId,
    length,
    images: inOrder(images),
    ranks: inOrder(ranks),
    scores: inOrder(scores),
    sizes: Object.fromEntries(judged) as RankedClass['sizes'],
  };
}

function judge(
  scenes: readonly ClassScene[],
  {
    overlaps,
    order,
    ious,
    size: [least, most],
  }: {
    overlaps: readonly Float64Array[];
    order: Uint32Array;
    ious: readonly number[];
    size: readonly [number, number];
  },
): JudgedSize {
  const isOther = (area: number) => area < least || area > most;
  const length = order.length;
  const placeOf = new Uint32Array(length);
  for (let place = 0; place < length; place++) placeOf[order[place]!] = place;
  const verdicts = new Uint8Array(ious.length * length);
  const counts = new Int32Array(scenes.length);
  let start = 0;
  for (const [i, { objects, detections }] of scenes.entries()) {
    const targets = orderTargets(objects, (object) => object.isCrowd === true || isOther(areaOf(object)));
    const counting = new Set(targets.order.subarray(0, targets.counting));
    counts[i] = targets.counting;
    for (const [iou, minIou] of ious.entries()) {
      const matches = matchDetections(overlaps[i]!, targets, minIou);
      for (const [detection, { box }] of detections.entries()) {
        const match = matches[detection] ?? -1; // there is none where nothing is to be found
        const isFree = match === -1 && isOther(box[2] * box[3]);
        const verdict = match === -1 ? (isFree ? IGNORED : WRONG) : counting.has(match) ? RIGHT : IGNORED;
        verdicts[iou * length + placeOf[start + detection]!] = verdict;
      }
    }
    start += detections.length;
  }
  return { verdicts, objects: { images: Int32Array.from(scenes, ({ image }) => image), counts } };
}
