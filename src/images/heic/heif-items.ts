/** A part of a HEIF file. */
export interface HeifBox {
  readonly type: string;
  readonly body: Buffer;
}

/** What the header of a HEIF file says of its pictures. @see ISO/IEC 23008-12 */
export interface HeifItems {
  readonly primary: number | undefined; // the one to show
  readonly types: ReadonlyMap<number, string>; // hvc1, av01, grid …
  readonly parts: ReadonlyMap<number, readonly number[]>; // of those that are made of others
  readonly properties: ReadonlyMap<number, readonly HeifBox[]>; // ispe, irot, hvcC …
}

const MAX_DEPTH = 4; // a turned picture of a grid of pictures

/**
 * How many boxes, references to pictures and to properties are read of a file. A grid has about six for each tile: 300
 * for 48 tiles. Without a limit, a file of 20 MB would have millions, which take seconds.
 */
export const MAX_HEADER_ENTRIES = 50_000;

/**
 * Reads the header as far as it is there: of the first bytes of a file, too.
 *
 * @returns undefined where it has more entries than are read.
 */
export function readHeifItems(bytes: Buffer): HeifItems | undefined {
  const reader = new HeaderReader();
  try {
    return reader.read(bytes);
  } catch (error) {
    if (error instanceof TooManyEntries) return undefined;
    throw error;
  }
}

/** The numbers of the coded pictures that the one to show is made of: its own, or those of the tiles of a grid. */
export function codedPictures({ primary, parts }: HeifItems): number[] {
  let items = primary === undefined ? [] : [primary];
  for (let depth = 0; depth < MAX_DEPTH; depth++)
    items = [...new Set(items.flatMap((item) => parts.get(item) ?? [item]))];
  return items.filter((item) => !parts.has(item));
}

class TooManyEntries extends Error {}

/** Reads one header, and counts what it has read. */
class HeaderReader {
  #entries = 0;

  read(bytes: Buffer): HeifItems {
    const meta = find(this.#boxesIn(bytes), 'meta');
    const boxes = meta === undefined ? [] : [...this.#boxesIn(meta.body.subarray(4))];
    return {
      primary: readPrimary(find(boxes, 'pitm')),
      types: this.#readTypes(find(boxes, 'iinf')),
      parts: this.#readParts(find(boxes, 'iref')),
      properties: this.#readProperties(find(boxes, 'iprp')),
    };
  }

  /** Before an entry is read. @throws TooManyEntries */
  #count(): void {
    if (++this.#entries > MAX_HEADER_ENTRIES) throw new TooManyEntries();
  }

  *#boxesIn(bytes: Buffer): Generator<HeifBox, void, undefined> {
    for (let at = 0; at + 8 <= bytes.length;) {
      const short = bytes.readUInt32BE(at);
      const head = short === 1 ? 16 : 8;
      if (at + head > bytes.length) return;
      const length = short === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : short || bytes.length - at;
      if (length < head) return;
      this.#count();
      yield { type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + head, at + length) };
      at += length;
    }
  }

  #readTypes(box: HeifBox | undefined): Map<number, string> {
    const types = new Map<number, string>();
    if (box === undefined) return types;
    const start = box.body[0] === 0 ? 6 : 8; // version and flags, number of entries
    for (const entry of this.#boxesIn(box.body.subarray(start))) {
      const fields = new Fields(entry);
      const item = fields.uint(fields.version === 3 ? 4 : 2);
      fields.uint(2); // protection
      const type = fields.text(4);
      if (!fields.isOver) types.set(item, type);
    }
    return types;
  }

  #readParts(box: HeifBox | undefined): Map<number, number[]> {
    const parts = new Map<number, number[]>();
    if (box === undefined) return parts;
    const bytes = box.body[0] === 0 ? 2 : 4;
    for (const reference of this.#boxesIn(box.body.subarray(4))) {
      if (reference.type !== 'dimg') continue;
      const fields = new Fields(reference, { isFull: false });
      const item = fields.uint(bytes);
      const count = fields.uint(2);
      const items: number[] = [];
      for (let i = 0; i < count && !fields.isOver; i++) {
        this.#count();
        items.push(fields.uint(bytes));
      }
      if (!fields.isOver) parts.set(item, items);
    }
    return parts;
  }

  #readProperties(box: HeifBox | undefined): Map<number, HeifBox[]> {
    const found = new Map<number, HeifBox[]>();
    const boxes = box === undefined ? [] : [...this.#boxesIn(box.body)];
    const container = find(boxes, 'ipco');
    const all = container === undefined ? [] : [...this.#boxesIn(container.body)];
    for (const associations of boxes) {
      if (associations.type !== 'ipma') continue;
      const fields = new Fields(associations);
      const isWide = (associations.body[3]! & 1) === 1;
      const count = fields.uint(4);
      for (let i = 0; i < count && !fields.isOver; i++) {
        this.#count();
        const item = fields.uint(fields.version === 0 ? 2 : 4);
        const properties = found.get(item) ?? [];
        for (let left = fields.uint(1); left > 0; left--) {
          this.#count();
          const property = all[(fields.uint(isWide ? 2 : 1) & (isWide ? 0x7fff : 0x7f)) - 1]; // without "essential"
          if (property !== undefined) properties.push(property);
        }
        found.set(item, properties);
      }
    }
    return found;
  }
}

function find(boxes: Iterable<HeifBox>, type: string): HeifBox | undefined {
  for (const box of boxes) if (box.type === type) return box;
  return undefined;
}

function readPrimary(box: HeifBox | undefined): number | undefined {
  const fields = new Fields(box);
  const primary = fields.uint(fields.version === 0 ? 2 : 4);
  return fields.isOver ? undefined : primary;
}

/** The fields of a box, one after the other. */
class Fields {
  readonly version: number;
  readonly #body: Buffer;
  #at = 0;

  constructor(box: HeifBox | undefined, { isFull } = { isFull: true }) {
    this.#body = box?.body ?? Buffer.alloc(0);
    this.version = isFull ? (this.#body[0] ?? 0) : 0;
    if (isFull) this.#at = 4; // version and flags
  }

  /** Whether more was read than there is. */
  get isOver(): boolean {
    return this.#at > this.#body.length;
  }

  uint(bytes: number): number {
    this.#at += bytes;
    return this.isOver ? 0 : this.#body.readUIntBE(this.#at - bytes, bytes);
  }

  text(bytes: number): string {
    this.#at += bytes;
    return this.#body.toString('latin1', this.#at - bytes, this.#at);
  }
}
