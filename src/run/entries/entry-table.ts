/** Where an image's line is in a journal, and the state of its file when it was annotated. */
export interface JournalEntry {
  readonly line: number; // from 1
  readonly offset: number; // bytes
  readonly length: number; // bytes, without the line's end
  readonly id: number | undefined; // number of the image; undefined in journals of version 0.1
  readonly replaces: number; // earlier lines of the image, which count no more: its file has changed
  readonly sizeBytes: number; // of the image file
  readonly modifiedMs: number;
  readonly etag?: string | undefined; // of a remote image
}

/** Entries by the names of their images. */
export type JournalEntries = ReadonlyMap<string, JournalEntry>;

const FIELDS = 7; // numbers of an entry
const ROWS_AT_ONCE = 1024; // 56 kB

/**
 * The entries of a journal, by image name and in the order in which names were first set. Their numbers are kept side
 * by side: an object for each entry would take twice as much memory, which counts where there are a million.
 */
export class EntryTable implements JournalEntries {
  readonly #rows = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #blocks: Float64Array[] = []; // of so many rows each: nothing is moved when there are more
  readonly #etags = new Map<number, string>();

  constructor(entries: Iterable<readonly [string, JournalEntry]> = []) {
    for (const [name, entry] of entries) this.set(name, entry);
  }

  get size(): number {
    return this.#names.length;
  }

  /** Adds the entry of an image, or replaces it. */
  set(name: string, { line, offset, length, id, replaces, sizeBytes, modifiedMs, etag }: JournalEntry): this {
    const row = this.#rows.get(name) ?? this.#addRow(name);
    const [block, start] = this.#place(row);
    block[start] = line;
    block[start + 1] = offset;
    block[start + 2] = length;
    block[start + 3] = id ?? NaN;
    block[start + 4] = replaces;
    block[start + 5] = sizeBytes;
    block[start + 6] = modifiedMs;
    if (etag !== undefined) this.#etags.set(row, etag);
    else this.#etags.delete(row);
    return this;
  }

  get(name: string): JournalEntry | undefined {
    const row = this.#rows.get(name);
    return row === undefined ? undefined : this.#entryOf(row);
  }

  has(name: string): boolean {
    return this.#rows.has(name);
  }

  /** The string of this table that equals a name, so that the name need not be in memory twice. */
  own(name: string): string {
    const row = this.#rows.get(name);
    return row === undefined ? name : this.#names[row]!;
  }

  keys(): MapIterator<string> {
    return this.#names.values();
  }

  *values(): MapIterator<JournalEntry> {
    for (let row = 0; row < this.size; row++) yield this.#entryOf(row);
  }

  *entries(): MapIterator<[string, JournalEntry]> {
    for (let row = 0; row < this.size; row++) yield [this.#names[row]!, this.#entryOf(row)];
  }

  [Symbol.iterator](): MapIterator<[string, JournalEntry]> {
    return this.entries();
  }

  forEach(visit: (entry: JournalEntry, name: string, entries: JournalEntries) => void): void {
    for (const [name, entry] of this) visit(entry, name, this);
  }

  #addRow(name: string): number {
    const row = this.#names.push(name) - 1;
    this.#rows.set(name, row);
    if (row % ROWS_AT_ONCE === 0) this.#blocks.push(new Float64Array(ROWS_AT_ONCE * FIELDS));
    return row;
  }

  #place(row: number): [block: Float64Array, start: number] {
    return [this.#blocks[Math.floor(row / ROWS_AT_ONCE)]!, (row % ROWS_AT_ONCE) * FIELDS];
  }

  #entryOf(row: number): JournalEntry {
    const [block, start] = this.#place(row);
    const id = block[start + 3]!;
    // Written out: V8 would give each object that a spread makes a description of its own, of 300 bytes.
    return {
      line: block[start]!,
      offset: block[start + 1]!,
      length: block[start + 2]!,
      id: Number.isNaN(id) ? undefined : id,
      replaces: block[start + 4]!,
      sizeBytes: block[start + 5]!,
      modifiedMs: block[start + 6]!,
      etag: this.#etags.get(row),
    };
  }
}
