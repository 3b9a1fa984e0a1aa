import type { GalleryPack } from '../../gallery/pack.js';
import type { DecidedBox, Decision } from '../decision.js';
import { OTHER, RowFinder } from './row-finder.js';
import { DecidedParts } from '../stored/decided-parts.js';
import { StoredDecision } from '../stored/stored-decision.js';

/**
 * What people decided about the images of a pack, in one block of bytes. Boxes that are as the model found them, which
 * most are, are numbers of rows of the pack: two bytes each, which can be read without parsing.
 */
export interface PackedDecisions {
  readonly tag: string; // of the pack
  readonly authors: readonly string[];
  readonly others: readonly DecidedBox[]; // boxes that are no rows, in the order of the decisions
  readonly otherTimes: readonly string[]; // of decisions whose time is NaN, in their order
  readonly images: Uint32Array; // index in the pack; entry i of each column is about decision i
  readonly revisions: Float64Array;
  readonly times: Float64Array; // milliseconds since 1970
  readonly by: Uint32Array; // index into the authors, times 2; plus 1 where the image is accepted
  readonly starts: Uint32Array; // decision i has the boxes from starts[i] to starts[i + 1]
  readonly boxes: Uint16Array; // row of its image, plus REJECTED; or OTHER
}

const MAGIC = 0x31_44_41_50; // PAD1, little-endian
const FACTS_AT = 16;
const FIRST_CAPACITY = 1 << 16;

/** The pack that decisions are told by. */
export interface TaggedPack extends GalleryPack {
  readonly tag: string;
  readonly indexByName: ReadonlyMap<string, number>; // of images
}

/**
 * @param decisions - About images of the pack, as their files were when the pack was made.
 * @returns A block of bytes whose numbers are little-endian.
 */
export function encodeDecisions(decisions: readonly Decision[], run: TaggedPack): Uint8Array {
  const { tag, authors, others, otherTimes, ...columns } = pack(decisions, run);
  const json = new TextEncoder().encode(JSON.stringify({ tag, authors, others, otherTimes }));
  const { times, revisions, images, by, starts, boxes } = columns;
  const parts = [times, revisions, images, by, starts, boxes];
  let offset = FACTS_AT + padded(json.length);
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, offset));
  bytes.set(new Uint8Array(Uint32Array.of(MAGIC, json.length, images.length, boxes.length).buffer));
  bytes.set(json, FACTS_AT);
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), offset);
    offset += part.byteLength;
  }
  return bytes;
}

function pack(decisions: readonly Decision[], run: TaggedPack): PackedDecisions {
  const count = decisions.length;
  const authors = new Map<string, number>();
  const [others, otherTimes]: [DecidedBox[], string[]] = [[], []];
  const [times, revisions] = [new Float64Array(count), new Float64Array(count)];
  const [images, by, starts] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count + 1)];
  let boxes = new Uint16Array(FIRST_CAPACITY);
  const rows = new RowFinder(run);
  let length = 0;
  for (const [i, decision] of decisions.entries()) {
    const { image, revision, state, author, at } = decision;
    const index = run.indexByName.get(image)!;
    images[i] = index;
    revisions[i] = revision;
    times[i] = timeOf(at);
    if (Number.isNaN(times[i])) otherTimes.push(at);
    const number = authors.get(author) ?? authors.size;
    authors.set(author, number);
    by[i] = 2 * number + (state === 'accepted' ? 1 : 0);
    rows.begin(index);
    forEachBox(decision, rows, (row, toBox) => {
      if (length === boxes.length) boxes = enlarge(boxes);
      boxes[length++] = row;
      if (row === OTHER) others.push(toBox());
    });
    starts[i + 1] = length;
  }
  const facts = { tag: run.tag, authors: [...authors.keys()], others, otherTimes };
  return { ...facts, times, revisions, images, by, starts, boxes: boxes.subarray(0, length) };
}

function enlarge(boxes: Uint16Array): Uint16Array<ArrayBuffer> {
  const larger = new Uint16Array(2 * boxes.length);
  larger.set(boxes);
  return larger;
}

/** @param visit - Is given the row of each box, or OTHER; the box is made where it is asked for. */
function forEachBox(decision: Decision, rows: RowFinder, visit: (row: number, toBox: () => DecidedBox) => void): void {
  const source = StoredDecision.sourceOf(decision);
  if (source instanceof DecidedParts) {
    const { table } = source;
    for (const entry of source.entries()) {
      if (typeof entry === 'number') visit(rows.findKept(table, entry), () => table.boxOf(entry));
      else visit(rows.find(entry), () => entry);
    }
  } else for (const box of decision.boxes) visit(rows.find(box), () => box);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** @returns NaN for what another program has written in another way. */
function timeOf(at: string): number {
  return TIME.test(at) ? Date.parse(at) : NaN;
}

/** @throws Error when the bytes are no packed decisions. */
export function decodeDecisions({ buffer, byteOffset, byteLength }: Uint8Array): PackedDecisions {
  const header = new Uint32Array(buffer, byteOffset, 4);
  if (header[0] !== MAGIC) throw new Error('What was decided is of another version of preannotate.');
  const [, jsonLength, count, boxCount] = header as unknown as [number, number, number, number];
  const json = new TextDecoder().decode(new Uint8Array(buffer, byteOffset + FACTS_AT, jsonLength));
  const stated = JSON.parse(json) as Pick<PackedDecisions, 'tag' | 'authors' | 'others' | 'otherTimes'>;
  let offset = byteOffset + FACTS_AT + padded(jsonLength);
  const at = (bytes: number) => {
    offset += bytes;
    return offset - bytes;
  };
  const times = new Float64Array(buffer, at(8 * count), count);
  const revisions = new Float64Array(buffer, at(8 * count), count);
  const images = new Uint32Array(buffer, at(4 * count), count);
  const by = new Uint32Array(buffer, at(4 * count), count);
  const starts = new Uint32Array(buffer, at(4 * count + 4), count + 1);
  const boxes = new Uint16Array(buffer, at(2 * boxCount), boxCount);
  if (offset !== byteOffset + byteLength) throw new Error('What was decided is not complete.');
  return { ...stated, times, revisions, images, by, starts, boxes };
}

/** Numbers of eight bytes begin at multiples of eight. */
function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
