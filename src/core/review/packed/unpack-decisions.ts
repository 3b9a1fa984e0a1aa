import type { Xyxy } from '../../box.js';
import { PIXEL_STEPS, SCORE_STEPS, type GalleryPack } from '../../gallery/pack.js';
import type { BoxStatus, DecidedBox, Decision } from '../decision.js';
import type { PackedDecisions } from './packed-decisions.js';
import { idOfModelBox } from '../reviewed-boxes.js';
import { PLACES, type OutcomeCounts } from '../outcomes.js';
import { OTHER, REJECTED } from './row-finder.js';
import { StoredDecision, type BoxFacts, type BoxSource } from '../stored/stored-decision.js';

/** The decisions, whose boxes are made when they are asked for. @param pack - The one whose tag they name. */
export function unpackDecisions(packed: PackedDecisions, pack: GalleryPack): Decision[] {
  const { authors, images, otherTimes, revisions, times, by, starts, boxes } = packed;
  const { names, digests } = pack.facts.images;
  const table = new PackedBoxTable(packed, pack);
  let [other, otherTime] = [0, 0];
  return Array.from(images, (image, i) => {
    const [start, end] = [starts[i]!, starts[i + 1]!];
    const source = new PackedBoxes(table, { image, start, end, other });
    for (let n = start; n < end; n++) if (boxes[n] === OTHER) other++;
    const at = Number.isNaN(times[i]) ? otherTimes[otherTime++]! : times[i]!;
    const facts = { image: names[image]!, sha256: digests?.[image] ?? '', revision: revisions[i]!, at };
    const state = by[i]! % 2 === 1 ? ('accepted' as const) : ('open' as const);
    return new StoredDecision({ ...facts, state, author: authors[by[i]! >> 1]! }, source);
  });
}

/** What the boxes of all decisions are made of. */
class PackedBoxTable {
  readonly packed: PackedDecisions;
  readonly pack: GalleryPack;
  #counts: OutcomeCounts | undefined;
  #ofClass: Uint32Array[] = [];

  constructor(packed: PackedDecisions, pack: GalleryPack) {
    this.packed = packed;
    this.pack = pack;
  }

  /** The counts of each class of the pack. */
  countsIn(counts: OutcomeCounts): (classId: number) => Uint32Array {
    if (this.#counts !== counts) this.#ofClass = [];
    this.#counts = counts;
    const ofClass = this.#ofClass;
    return (classId) => (ofClass[classId] ??= counts.of(this.pack.facts.classes[classId]!.name));
  }
}

interface Slice {
  readonly image: number;
  readonly start: number; // in the boxes
  readonly end: number;
  readonly other: number; // index of the first of the others
}

class PackedBoxes implements BoxSource {
  readonly #table: PackedBoxTable;
  readonly #slice: Slice;

  constructor(table: PackedBoxTable, slice: Slice) {
    this.#table = table;
    this.#slice = slice;
  }

  get count(): number {
    return this.#slice.end - this.#slice.start;
  }

  boxes(): readonly DecidedBox[] {
    const { pack } = this.#table;
    const boxes: DecidedBox[] = [];
    this.#visit(
      (row, status) => void boxes.push(boxOfRow(pack, row, status)),
      (box) => void boxes.push(box),
    );
    return boxes;
  }

  tally(counts: OutcomeCounts, offset: number): void {
    const { classes } = this.#table.pack.boxes;
    const ofClass = this.#table.countsIn(counts);
    this.#visit(
      (row, status) => ofClass(classes[row]!)[offset + PLACES[status]]!++,
      ({ class: name, status }) => counts.of(name)[offset + PLACES[status]]!++,
    );
  }

  some(isWanted: (box: BoxFacts) => boolean): boolean {
    const { facts, boxes } = this.#table.pack;
    const one: Writable<BoxFacts> = { status: 'kept', class: '', prompt: '', score: 0 };
    let isFound = false;
    this.#visit(
      (row, status) => {
        one.status = status;
        one.class = facts.classes[boxes.classes[row]!]!.name;
        one.prompt = facts.prompts[boxes.prompts[row]!]!.text;
        one.score = boxes.scores[row]! / SCORE_STEPS;
        isFound ||= isWanted(one);
      },
      (box) => (isFound ||= isWanted(box)),
    );
    return isFound;
  }

  #visit(ofRow: (row: number, status: BoxStatus) => void, ofOther: (box: DecidedBox) => void): void {
    const { packed, pack } = this.#table;
    const { image, start, end } = this.#slice;
    let { other } = this.#slice;
    const first = pack.boxes.starts[image]!;
    for (let i = start; i < end; i++) {
      const code = packed.boxes[i]!;
      if (code === OTHER) ofOther(packed.others[other++]!);
      else ofRow(first + (code & ~REJECTED), statusOf(code));
    }
  }
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function statusOf(code: number): BoxStatus {
  return (code & REJECTED) === 0 ? 'kept' : 'rejected';
}

function boxOfRow({ facts, boxes }: GalleryPack, row: number, status: BoxStatus): DecidedBox {
  const corner = (i: number) => boxes.corners[4 * row + i]! / PIXEL_STEPS;
  const box: Xyxy = [corner(0), corner(1), corner(2), corner(3)];
  return {
    id: idOfModelBox({ patchId: boxes.patches[row]! }),
    status,
    class: facts.classes[boxes.classes[row]!]!.name,
    box,
    from: box,
    prompt: facts.prompts[boxes.prompts[row]!]!.text,
    score: boxes.scores[row]! / SCORE_STEPS,
  };
}
