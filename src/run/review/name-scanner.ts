import type { KeptTable } from '../../core/review/stored/kept-table.js';
import { isListOfNames } from './line-form.js';

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE] = Buffer.from('"\\,[]') as unknown as number[];
const QUOTES = 4; // of a class and its prompt

interface KnownNames {
  readonly bytes: Uint8Array; // `["dog","a photo of a dog"`
  readonly number: number;
}

/** Reads lists of classes and prompts, which are the same ones in every line, without making texts of them again. */
export class NameScanner {
  /** Numbers in the table, of the list that was read last. */
  numbers: number[] = [];
  readonly #table: KeptTable;
  readonly #known = new Map<number, KnownNames[]>(); // by hash
  #hash = 0;

  constructor(table: KeptTable) {
    this.#table = table;
  }

  /** Reads `["dog","a photo of a dog"],["cat","a photo of a cat"]`. @returns Whether it was that */
  read(list: Buffer, start: number, end: number): boolean {
    this.numbers = [];
    for (let at = start; at < end;) {
      const pairEnd = this.#findEnd(list, at, end);
      if (pairEnd === undefined) return this.#parse(list, start, end);
      const number = this.#numberOf(list, at, pairEnd);
      if (number === undefined) return false;
      this.numbers.push(number);
      at = pairEnd + 1;
      if (at === end) return true;
      if (list[at++] !== COMMA || at === end) return false;
    }
    return start === end;
  }

  /** @returns Where the pair is closed; undefined where it has a backslash, or is none. */
  #findEnd(list: Buffer, start: number, end: number): number | undefined {
    if (list[start] !== OPEN) return undefined;
    let [hash, quotes, at] = [0, 0, start + 1];
    for (; quotes < QUOTES && at < end; at++) {
      const byte = list[at]!;
      if (byte === BACKSLASH) return undefined;
      if (byte === QUOTE) quotes++;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    this.#hash = hash;
    return list[at] === CLOSE && at < end ? at : undefined;
  }

  #numberOf(list: Buffer, start: number, end: number): number | undefined {
    const alike = this.#known.get(this.#hash) ?? [];
    const known = alike.find(({ bytes }) => isAt(list, start, bytes) && bytes.length === end - start);
    if (known !== undefined) return known.number;
    const names = parse(`[${list.toString('utf8', start, end + 1)}]`);
    if (!isListOfNames(names)) return undefined;
    const number = this.#table.numberOf(...names[0]!);
    this.#known.set(this.#hash, [...alike, { bytes: Uint8Array.from(list.subarray(start, end)), number }]);
    return number;
  }

  #parse(list: Buffer, start: number, end: number): boolean {
    const names = parse(`[${list.toString('utf8', start, end)}]`);
    if (!isListOfNames(names)) return false;
    this.numbers = names.map(([name, prompt]) => this.#table.numberOf(name, prompt));
    return true;
  }
}

/** Whether bytes are at a place. */
export function isAt(list: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (list[at + i] !== expected[i]) return false;
  return true;
}

/** @returns undefined for what is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
