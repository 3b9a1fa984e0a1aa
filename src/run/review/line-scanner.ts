import { CORNERS, PATCH, PROMPT, ROW, SCORE } from '../../core/gallery/box-rows.js';
import { PIXEL_STEPS, SCORE_STEPS } from '../../core/gallery/pack.js';
import type { Decision } from '../../core/review/decision.js';
import type { KeptRange, Part } from '../../core/review/stored/decided-parts.js';
import type { KeptTable } from '../../core/review/stored/kept-table.js';
import { bodyOf } from '../../disk/checked-line.js';
import { isHead, isListOfChanges, type LineHead } from './line-form.js';
import { isAt, NameScanner, parse } from './name-scanner.js';

/** A line of review.jsonl, and where its kept boxes are. */
export interface ScannedLine {
  readonly head: LineHead;
  readonly parts: readonly Part[];
  readonly state: Decision['state'] | undefined; // that it gives the image
}

const BEFORE_CHANGES = Buffer.from(',"changes":[');
const BEFORE_OF = Buffer.from('{"op":"keep","of":[');
const BEFORE_KEPT = Buffer.from('],"kept":[');
const ACCEPTED = Buffer.from('{"op":"state","state":"accepted"}');
const [QUOTE, COMMA, OPEN, CLOSE, END, ZERO, NINE, DOT, P] = Buffer.from('",[]}09.p') as unknown as number[];
const MAX_DIGITS = 9;
const MAX_PATCH = 1 << 20; // above those of any model
const FAILED = -1;

/**
 * Reads lines of review.jsonl as this program writes them, without making an object of each box: large reviews have
 * millions. What it does not know, such as an id of another form or a value that is wrong, is left to the schema.
 */
export class LineScanner {
  readonly #table: KeptTable;
  readonly #names: NameScanner;
  #seenIn = new Uint32Array(4096); // of each patch: the last list that had it
  #lists = 0;
  #value = 0; // that was read last

  constructor(table: KeptTable) {
    this.#table = table;
    this.#names = new NameScanner(table);
  }

  /** @param line - Whose checksum is right. @returns undefined for what it does not know; rows it has added stay. */
  read(line: Buffer): ScannedLine | undefined {
    const body = bodyOf(line);
    // In no string: there, a quotation mark has a backslash before it. This holds for all that is searched for.
    const start = body.indexOf(BEFORE_CHANGES);
    if (start === -1 || body[body.length - 1] !== CLOSE) return undefined;
    const head = parse(`${body.toString('utf8', 0, start)}}`);
    if (!isHead(head)) return undefined;
    const parts = this.#readParts(body.subarray(0, -1), start + BEFORE_CHANGES.length);
    if (parts === undefined) return undefined;
    return { head, parts, state: stateOf(parts) };
  }

  #readParts(list: Buffer, start: number): Part[] | undefined {
    const parts: Part[] = [];
    for (let at = start; at < list.length;) {
      if (isAt(list, at, BEFORE_OF)) {
        const range = { start: this.#table.rows.count * ROW, count: 0 };
        at = this.#readKept(list, at + BEFORE_OF.length);
        if (at === FAILED) return undefined;
        range.count = this.#table.rows.count - range.start / ROW;
        parts.push(range satisfies KeptRange);
      } else if (isAt(list, at, ACCEPTED)) {
        parts.push({ op: 'state', state: 'accepted' });
        at += ACCEPTED.length;
      } else {
        const next = list.indexOf(BEFORE_OF, at);
        const end = next === -1 ? list.length : next - 1;
        const changes = parse(`[${list.toString('utf8', at, end)}]`);
        if (!isListOfChanges(changes) || changes.length === 0) return undefined; // nothing between commas is no JSON
        parts.push(...changes);
        at = end;
      }
      if (at === list.length) return parts;
      if (list[at++] !== COMMA || at === list.length) return undefined;
    }
    return start === list.length ? parts : undefined;
  }

  /** @returns Where the list of kept boxes ends, after its }; or FAILED. */
  #readKept(list: Buffer, start: number): number {
    const end = list.indexOf(BEFORE_KEPT, start);
    if (end === -1) return FAILED;
    if (!this.#names.read(list, start, end)) return FAILED;
    const { numbers } = this.#names;
    this.#lists++;
    let at = end + BEFORE_KEPT.length;
    if (list[at] !== OPEN) return FAILED;
    for (;;) {
      at = this.#readRow(list, at, numbers);
      if (at === FAILED) return FAILED;
      if (list[at] === CLOSE) break;
      if (list[at++] !== COMMA) return FAILED;
    }
    return list[at + 1] === END ? at + 2 : FAILED;
  }

  /** `["p12",0,1,2.5,30,40.25,0.98765]`. @returns Where it ends, or FAILED */
  #readRow(list: Buffer, start: number, names: readonly number[]): number {
    if (list[start] !== OPEN || list[start + 1] !== QUOTE || list[start + 2] !== P) return FAILED;
    let at = this.#readNumber(list, start + 3, 1);
    const patch = this.#value;
    if (at === FAILED || !this.#isNew(patch)) return FAILED;
    if (list[at] !== QUOTE || list[at + 1] !== COMMA) return FAILED;
    at = this.#readNumber(list, at + 2, 1);
    if (at === FAILED || this.#value >= names.length) return FAILED;
    const { rows } = this.#table;
    const row = rows.add();
    const { values } = rows;
    values[row + PATCH] = patch;
    values[row + PROMPT] = names[this.#value]!;
    for (let i = 0; i < 5; i++) {
      if (list[at] !== COMMA) return FAILED;
      at = this.#readNumber(list, at + 1, i < 4 ? PIXEL_STEPS : SCORE_STEPS);
      if (at === FAILED) return FAILED;
      values[row + (i < 4 ? CORNERS + i : SCORE)] = this.#value;
    }
    return list[at] === CLOSE ? at + 1 : FAILED;
  }

  /** Whether the list has no other box of a patch so far. */
  #isNew(patch: number): boolean {
    if (patch >= MAX_PATCH) return false;
    if (patch >= this.#seenIn.length) {
      const larger = new Uint32Array(2 * patch);
      larger.set(this.#seenIn);
      this.#seenIn = larger;
    }
    if (this.#seenIn[patch] === this.#lists) return false;
    this.#seenIn[patch] = this.#lists;
    return true;
  }

  /** Reads a number that is not negative as a number of steps. @returns Where it ends, or FAILED */
  #readNumber(bytes: Buffer, start: number, steps: number): number {
    let value = 0;
    let at = start;
    let left = steps;
    let byte = bytes[at]!;
    if (byte === ZERO) byte = bytes[++at]!;
    else for (; byte >= ZERO! && byte <= NINE!; byte = bytes[++at]!) value = value * 10 + byte - ZERO!;
    if (at === start || at - start > MAX_DIGITS) return FAILED;
    if (byte === DOT) {
      const first = ++at;
      for (byte = bytes[at]!; byte >= ZERO! && byte <= NINE!; byte = bytes[++at]!) {
        if (left === 1) return FAILED; // more decimals than this program writes
        value = value * 10 + byte - ZERO!;
        left /= 10;
      }
      if (at === first) return FAILED;
    }
    this.#value = value * left;
    return this.#value > 0xffffffff ? FAILED : at;
  }
}

function stateOf(parts: readonly Part[]): Decision['state'] | undefined {
  let state: Decision['state'] | undefined;
  for (const part of parts) if ('state' in part) state = part.state;
  return state;
}
