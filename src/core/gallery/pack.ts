/**
 * What the page of `review` and `report` shows of a run, in one block of bytes: facts as JSON, and a table of boxes in
 * columns, which takes 28 bytes a box and can be read without parsing.
 */

/**
 * Facts about a run and its images. They hold no absolute path, host name or date, so that reports of the same run are
 * equal.
 */
export interface GalleryFacts {
  readonly title: string; // of the page: name of the output folder
  readonly run: readonly (readonly [label: string, value: string])[]; // model, versions, options, counts
  readonly classes: readonly { readonly name: string; readonly threshold: number }[];
  readonly prompts: readonly { readonly text: string; readonly class: number }[]; // index into classes, -1: ignored
  readonly selection: GallerySelection;
  readonly scoreFloor: number; // boxes with lower scores are not in the table; thresholds below it cannot be shown
  readonly images: GalleryImages;
  readonly failures: readonly GalleryFailure[];
  readonly evaluation?: unknown; // as `eval --json` gives it
}

/** How the run selects its boxes, except for the thresholds. */
export interface GallerySelection {
  readonly nmsIou: readonly number[] | null; // one per class; null: no suppression
  readonly classAgnosticNms: boolean;
  readonly maxDetections: number; // an image
}

const DIGEST_DIGITS = 12;

/** What tells the bytes of an image from those that it had before: the beginning of their SHA-256. */
export function toDigest(sha256: string): string {
  return sha256.slice(0, DIGEST_DIGITS);
}

/** The images of the table, in the order of their names; entry i of each list is about image i. */
export interface GalleryImages {
  readonly ids: readonly number[];
  readonly names: readonly string[];
  readonly widths: readonly number[]; // pixels, upright
  readonly heights: readonly number[];
  readonly groups: readonly number[]; // images with one number look nearly the same; 0: like no other
  readonly degraded: readonly number[]; // indices
  readonly digests?: readonly string[]; // of the files; left out where nothing can be decided
}

/** An image that could not be annotated. */
export interface GalleryFailure {
  readonly id?: number | undefined; // of an image; folders that could not be listed have none
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** Every stored box of every image, best score first in each image. */
export interface BoxColumns {
  readonly starts: Uint32Array; // image i has the boxes from starts[i] to starts[i + 1]
  readonly scores: Uint32Array; // in 1/100,000
  readonly patches: Uint32Array;
  readonly corners: Uint32Array; // x1, y1, x2, y2 of each box, in 1/100 px
  readonly classes: Uint16Array; // index into the facts' classes
  readonly prompts: Uint16Array; // index into the facts' prompts
}

export interface GalleryPack {
  readonly facts: GalleryFacts;
  readonly boxes: BoxColumns;
}

export const SCORE_STEPS = 100_000;
export const PIXEL_STEPS = 100;
const MAGIC = 0x31_47_41_50; // PAG1, little-endian

/** @returns A block of bytes whose numbers are little-endian. */
export function encodePack({ facts, boxes }: GalleryPack): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(facts));
  const padded = Math.ceil(json.length / 4) * 4;
  const columns = [boxes.starts, boxes.scores, boxes.patches, boxes.corners, boxes.classes, boxes.prompts];
  const header = Uint32Array.of(MAGIC, json.length, boxes.starts.length, boxes.scores.length);
  const bytes = new Uint8Array(header.byteLength + padded + columns.reduce((sum, one) => sum + one.byteLength, 0));
  bytes.set(new Uint8Array(header.buffer));
  bytes.set(json, header.byteLength);
  let offset = header.byteLength + padded;
  for (const column of columns) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), offset);
    offset += column.byteLength;
  }
  return bytes;
}

/** @throws Error when the bytes are no pack, or not all of one. */
export function decodePack(bytes: Uint8Array): GalleryPack {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const { json, boxes } = splitPack(aligned);
  return { facts: JSON.parse(new TextDecoder().decode(json)) as GalleryFacts, boxes };
}

/** The same, with the facts as they are. @param bytes - Begin at a multiple of four. */
export function splitPack(aligned: Uint8Array): { readonly json: Uint8Array; readonly boxes: BoxColumns } {
  const { buffer, byteOffset } = aligned;
  if (aligned.byteLength < 16) throw new Error('The data of the run is not complete.');
  const [magic, jsonLength, imageCount, boxCount] = new Uint32Array(buffer, byteOffset, 4) as unknown as number[];
  if (magic !== MAGIC) throw new Error('The data of the run is of another version of preannotate.');
  let offset = byteOffset + 16 + Math.ceil(jsonLength! / 4) * 4;
  const words = (length: number) => {
    const column = new Uint32Array(buffer, offset, length);
    offset += column.byteLength;
    return column;
  };
  const halves = (length: number) => {
    const column = new Uint16Array(buffer, offset, length);
    offset += column.byteLength;
    return column;
  };
  const starts = words(imageCount!);
  const [scores, patches, corners] = [words(boxCount!), words(boxCount!), words(4 * boxCount!)];
  const boxes = { starts, scores, patches, corners, classes: halves(boxCount!), prompts: halves(boxCount!) };
  return { json: aligned.subarray(16, 16 + jsonLength!), boxes };
}
