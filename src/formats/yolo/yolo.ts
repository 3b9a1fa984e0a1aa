import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { xyxyToCxcywh } from '../../core/box.js';
import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { mapConcurrent } from '../../core/stream.js';
import { replaceFile } from '../../disk/atomic.js';
import type { AnnotationFormat, View } from '../format.js';
import { replaceView } from '../view-folder.js';
import { YoloNames } from './names.js';
import { YoloTree } from './tree.js';

const SIGNATURE = 'data.yaml';
const FILES_AT_ONCE = 32; // keeps a disk busy without using up file descriptors
const DECIMALS = 6; // what Ultralytics itself writes
const SMALLEST = 10 ** -DECIMALS;
const MIN_SIDE_PX = 10; // Ultralytics leaves smaller images out

/**
 * YOLO as Ultralytics reads it: five columns a box in `labels/`, links to the images in `images/`, and `data.yaml`.
 * Scores are a sixth column in `labels_conf/`, because readers refuse six columns in `labels/`. Prompts are lost.
 *
 * @see https://docs.ultralytics.com/datasets/detect/
 */
export const yolo: AnnotationFormat = {
  title: 'YOLO labels (Ultralytics layout)',
  signature: SIGNATURE,
  write: (view) => replaceView(view, SIGNATURE, (folder) => writeTree(view, folder)),
};

async function writeTree(view: View, folder: string): Promise<string[]> {
  const names = new YoloNames();
  const tree = new YoloTree(await realpath(folder));
  await Promise.all(['images', 'labels', 'labels_conf'].map((name) => tree.makeFolder(name)));
  const indexOf = classIndexes(view.ontology);
  let small = 0;
  const written = mapConcurrent(view.images, FILES_AT_ONCE, async (image) => {
    if (Math.min(image.width, image.height) < MIN_SIDE_PX) small++;
    const { image: imagePath, label } = names.of(image.name);
    const rows = toRows(image, indexOf);
    await tree.write(join('labels', label), rows.map(({ row }) => `${row}\n`).join(''));
    await tree.write(join('labels_conf', label), rows.map(({ row, score }) => `${row} ${score}\n`).join(''));
    await tree.link(join('images', imagePath), join(view.root, image.name));
  });

  for await (const _ of written);
  const classNames = sortClasses(view.ontology).map(({ name }) => name);
  await replaceFile(join(folder, 'classes.txt'), classNames.map((name) => `${name}\n`).join(''));
  await replaceFile(join(folder, 'data.yaml'), formatDataYaml(classNames, view.provenance.version));
  return describeResult(names, { small, unlinked: tree.unlinked });
}

function describeResult({ notes }: YoloNames, { small, unlinked }: { small: number; unlinked: number }): string[] {
  const all = ['yolo/data.yaml names the same images for train and for val: split them before you train.', ...notes];
  if (small > 0)
    all.push(`yolo: images with a side below ${MIN_SIDE_PX} px are left out by Ultralytics; there are ${small}.`);
  if (unlinked > 0) {
    all.push(`yolo: ${unlinked} images could not be linked on this file system: copy them to yolo/images/ yourself.`);
  }
  return all;
}

/** Lines of a label file, best score first. Readers drop repeated rows with a warning, so they are left out. */
function toRows(image: ViewImage, indexOf: readonly number[]): { row: string; score: number }[] {
  const rows = new Map<string, number>();
  for (const { classId, score, box } of image.detections) {
    const [cx, cy, width, height] = xyxyToCxcywh(box, image);
    // Rounding must not make a thin box vanish, nor move a centre outside the image.
    const values = [Math.min(cx, 1), Math.min(cy, 1), clampSize(width), clampSize(height)];
    const row = `${indexOf[classId]!} ${values.map((value) => value.toFixed(DECIMALS)).join(' ')}`;
    if (!rows.has(row)) rows.set(row, score);
  }
  return [...rows].map(([row, score]) => ({ row, score }));
}

function clampSize(size: number): number {
  return Math.min(Math.max(size, SMALLEST), 1);
}

/** YOLO numbers classes from 0 without gaps: here in the order of their ids. */
function classIndexes(ontology: Ontology): number[] {
  const sorted = sortClasses(ontology);
  return ontology.classes.map((entry) => sorted.indexOf(entry));
}

function sortClasses({ classes }: Ontology) {
  return [...classes].sort((a, b) => a.id - b.id);
}

function formatDataYaml(names: readonly string[], version: string): string {
  const entries = names.map((name, index) => `  ${index}: ${quoteYaml(name)}`);
  return [
    `# Drafted by preannotate ${version}; to be corrected by people. Paths are relative to this file.`,
    'train: images',
    'val: images # the same images: split them before you train',
    `nc: ${names.length}`,
    'names:',
    ...entries,
    '',
  ].join('\n');
}

/** YAML 1.1 readers take an unquoted `no` or `1e3` for another type, and open the file in the locale's encoding. */
function quoteYaml(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\u0020-\u007e]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
  });
}
