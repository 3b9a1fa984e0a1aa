import { cut, damaged, type Finding } from './finding.js';

/** Tags that hold where the picture data is, and how long each of its parts is. */
const PART_TAGS = [
  { offsets: 273, lengths: 279 }, // strips
  { offsets: 324, lengths: 325 }, // tiles
] as const;

/** Types that offsets and lengths have: SHORT, LONG, IFD, LONG8, IFD8. */
const NUMBER_BYTES: Readonly<Record<number, number>> = { 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };

/** Files in use have at most tens of thousands; a list can claim to be as long as the file. */
const MAX_PARTS = 1_000_000;

/** The values of a tag. They are read one by one, since there can be as many as bytes in the file. */
interface NumberList {
  readonly count: number;
  at(index: number): number; // 0 beyond the end
}

/** Looks into the first directory of a TIFF or BigTIFF for data beyond the end of the file. @see TIFF 6.0 */
export function* inspectTiff(bytes: Buffer): Generator<Finding, void, undefined> {
  const directory = new Directory(bytes);
  if (!directory.isWhole) return yield cut('before the end of its first directory of tags');
  for (const { offsets, lengths } of PART_TAGS) {
    const starts = directory.numbers(offsets);
    if (starts === undefined) continue;
    const sizes = directory.numbers(lengths);
    if (starts === 'outside' || sizes === 'outside') return yield cut('before the end of its tags');
    const looked = Math.min(starts.count, MAX_PARTS);
    let missing = 0;
    for (let i = 0; i < looked; i++) if (starts.at(i) + (sizes?.at(i) ?? 0) > bytes.length) missing++;
    const parts = looked < starts.count ? `the first ${looked}` : looked;
    if (missing > 0) yield cut(`in its picture data (${missing} of ${parts} parts are beyond the end)`);
    return;
  }
  yield damaged('its first directory of tags does not hold where its picture data is');
}

/** The first directory of a file. */
class Directory {
  readonly isWhole: boolean;
  readonly #bytes: Buffer;
  readonly #isLittle: boolean;
  readonly #isBig: boolean;
  readonly #entriesAt: number = 0;
  readonly #count: number = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#isLittle = bytes[0] === 0x49; // "II"
    this.#isBig = bytes[this.#isLittle ? 2 : 3] === 43;
    const pointerAt = this.#isBig ? 8 : 4;
    const countBytes = this.#isBig ? 8 : 2;
    this.isWhole = false;
    if (pointerAt + this.#wordBytes > bytes.length) return;
    const at = this.#read(pointerAt, this.#wordBytes);
    if (at + countBytes > bytes.length) return;
    this.#count = this.#read(at, countBytes);
    this.#entriesAt = at + countBytes;
    this.isWhole = this.#entriesAt + this.#count * this.#entryBytes <= bytes.length;
  }

  /** The values of a tag; `outside` where they are beyond the end of the file, undefined where there are none. */
  numbers(tag: number): NumberList | 'outside' | undefined {
    const entryAt = this.#findEntry(tag);
    if (entryAt === undefined) return undefined;
    const size = NUMBER_BYTES[this.#read(entryAt + 2, 2)];
    if (size === undefined) return undefined;
    const count = this.#read(entryAt + 4, this.#wordBytes);
    const valueAt = entryAt + 4 + this.#wordBytes;
    const at = size * count <= this.#wordBytes ? valueAt : this.#read(valueAt, this.#wordBytes);
    if (at + size * count > this.#bytes.length) return 'outside';
    return { count, at: (index) => (index < count ? this.#read(at + index * size, size) : 0) };
  }

  #findEntry(tag: number): number | undefined {
    for (let i = 0; i < this.#count; i++) {
      const at = this.#entriesAt + i * this.#entryBytes;
      if (this.#read(at, 2) === tag) return at;
    }
    return undefined;
  }

  get #wordBytes(): number {
    return this.#isBig ? 8 : 4;
  }

  get #entryBytes(): number {
    return this.#isBig ? 20 : 12;
  }

  #read(at: number, size: number): number {
    if (size === 8) {
      return Number(this.#isLittle ? this.#bytes.readBigUInt64LE(at) : this.#bytes.readBigUInt64BE(at));
    }
    return this.#isLittle ? this.#bytes.readUIntLE(at, size) : this.#bytes.readUIntBE(at, size);
  }
}
