import { ROW } from '../../gallery/box-rows.js';
import type { Change, DecidedBox } from '../decision.js';
import { PLACES, type OutcomeCounts } from '../outcomes.js';
import type { KeptTable } from './kept-table.js';
import type { BoxFacts, BoxSource } from './stored-decision.js';

/** Rows of a table that were kept, none of them twice. */
export interface KeptRange {
  readonly start: number; // where the first one begins
  readonly count: number;
}

/** What a step did, in its order. */
export type Part = KeptRange | Change;

/** A box: where its row begins, or as it is. */
export type Entry = number | DecidedBox;

const MODEL_ID = /^p(?:0|[1-9]\d{0,8})$/;

/** The boxes of an image, as what steps did to them. */
export class DecidedParts implements BoxSource {
  readonly table: KeptTable;
  readonly parts: readonly Part[];

  constructor(table: KeptTable, parts: readonly Part[]) {
    this.table = table;
    this.parts = parts;
  }

  get count(): number {
    const only = this.#onlyRange();
    return only?.count ?? [...this.entries()].length;
  }

  /** Boxes in the order in which they were first decided, as `applyChanges` has them. */
  entries(): Iterable<Entry> {
    const only = this.#onlyRange();
    if (only !== undefined) return startsOf(only);
    const entries = new Map<number | string, Entry>(); // by number of the patch, else by id
    for (const part of this.parts) {
      if ('count' in part) this.#add(part, entries);
      else if (part.op === 'set') entries.set(keyOf(part.box.id), part.box);
      else if (part.op === 'forget') entries.delete(keyOf(part.id));
    }
    return entries.values();
  }

  #add({ start, count }: KeptRange, entries: Map<number | string, Entry>): void {
    for (let row = start; row < start + count * ROW; row += ROW) entries.set(this.table.patchOf(row), row);
  }

  boxes(): readonly DecidedBox[] {
    return Array.from(this.entries(), (entry) => (typeof entry === 'number' ? this.table.boxOf(entry) : entry));
  }

  tally(counts: OutcomeCounts, offset: number): void {
    for (const { class: name, status } of this.boxes()) counts.of(name)[offset + PLACES[status]]!++;
  }

  some(isWanted: (box: BoxFacts) => boolean): boolean {
    return this.boxes().some(isWanted);
  }

  /** Most images are accepted in one step. */
  #onlyRange(): KeptRange | undefined {
    const [first] = this.parts;
    if (first === undefined || !('count' in first)) return undefined;
    return this.parts.every((part) => part === first || 'state' in part) ? first : undefined;
  }
}

/** The changes that parts stand for. */
export function toChanges(parts: readonly Part[], table: KeptTable): Change[] {
  return parts.flatMap((part): Change | Change[] =>
    'count' in part ? startsOf(part).map((start) => ({ op: 'set', box: table.boxOf(start) })) : part,
  );
}

export function countChanges(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + ('count' in part ? part.count : 1), 0);
}

function startsOf({ start, count }: KeptRange): number[] {
  return Array.from({ length: count }, (_, i) => start + i * ROW);
}

function keyOf(id: string): number | string {
  return MODEL_ID.test(id) ? Number(id.slice(1)) : id;
}
