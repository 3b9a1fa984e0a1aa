import type { Xywh, Xyxy } from '../box.js';

/** A box of a data set, drawn by a person or a model. */
export interface LabelledBox {
  readonly className: string;
  readonly box: Xyxy; // pixels of the upright image, as the file states it: it may leave the image
  readonly xywh?: Xywh; // as the file states it, where it states sizes: corners cannot give them back exactly
  readonly score?: number;
  readonly prompt?: string;
  readonly isCrowd?: boolean; // a group of objects (COCO's `iscrowd`): boxes within it count neither way
  readonly area?: number; // square pixels of the object, as the file states them; COCO sorts objects by it
  readonly line?: number; // in the file of its image, from 1; where the file has lines
  readonly id?: number | string; // in that file, where boxes have ids
}

/** An image of a data set with its boxes, in the order of the file. */
export interface LabelledImage {
  readonly name: string; // path relative to the folder of the images; forward slashes
  readonly id?: number; // where the format numbers images
  readonly width?: number; // pixels of the upright image, where they are known
  readonly height?: number;
  readonly part?: string; // train, val, test …, where the data set is divided
  readonly imagePath?: string; // absolute path of the image, where the data set has it
  readonly file: string; // absolute path of the file that its boxes are in
  readonly line?: number; // of the image in that file, from 1
  readonly isPredicted?: true; // its boxes are those of a model: no person has annotated it yet
  readonly boxes: readonly LabelledBox[];
}

/** A class of a data set. */
export interface DataSetClass {
  readonly name: string;
  readonly id?: number; // as the files number it
}

/** Images and boxes that were read from files of any format. */
export interface DataSet {
  readonly classes: readonly DataSetClass[]; // in the order of the file
  /** In the order of the file; can be iterated repeatedly. What cannot be read throws, naming the file and the line. */
  readonly images: AsyncIterable<LabelledImage>;
  /** The files state numbers of images and classes alone, which stand for their names here: a COCO results file. */
  readonly isNumbered?: true;
  /** What a user should know of how the files were read, a sentence each. Complete once all images were read. */
  readonly notes: readonly string[];
}

/** Where a box, or an image, is stated: `labels/a.txt:3`, `instances.json, annotation 17`. */
export function placeOf({ file, line }: Pick<LabelledImage, 'file' | 'line'>, box?: LabelledBox): string {
  if (box?.id !== undefined) return `${file}, annotation ${box.id}`;
  const at = box?.line ?? line;
  return at === undefined ? file : `${file}:${at}`;
}
