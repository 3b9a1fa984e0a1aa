/** A field of a directory. Its values are read when they are needed. */
interface TiffField {
  readonly type: number; // 1 BYTE, 2 ASCII, 3 SHORT, 4 LONG …
  readonly count: number;
  readonly at: number; // of the first value in the file
  readonly entryAt: number; // of the field itself
}

/** How a TIFF file is laid out. */
export interface TiffFile {
  readonly bytes: Buffer;
  readonly isLittleEndian: boolean;
  readonly isBig: boolean; // BigTIFF: offsets of 8 bytes
}

/** A directory (IFD): one picture and its tags. */
export interface TiffPage {
  readonly at: number; // of the directory in the file
  readonly file: TiffFile;
  readonly fields: ReadonlyMap<number, TiffField>; // by tag
}

/** The pages of a file in their order, and those that are listed inside a page (SubIFDs). */
export interface TiffPages {
  readonly main: readonly TiffPage[];
  readonly nested: readonly TiffPage[];
}

/** Files of fax machines and microscopes have thousands; the first tell what kind of file it is. */
const MAX_PAGES = 32; // nested ones included
const MAX_FIELDS = 4096; // of a directory; files in use have dozens
const MAX_FIELDS_OF_FILE = 65_536;
const MAX_VALUES = 256; // of a field; pixels are not read here, so that lists of strips may be longer
const MAX_TEXT_BYTES = 65_536;

const SUB_DIRECTORIES = 330;

/** Bytes of a value by its type: from 1, BYTE, to 18, IFD8. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/**
 * Reads the directories of a TIFF or BigTIFF file, but no pixels. Takes milliseconds whatever the file claims: loops
 * end, counts are limited, and what lies outside the file is left out.
 *
 * @returns undefined where there is no first directory.
 */
export function readPages(bytes: Buffer): TiffPages | undefined {
  const file = readTiffHeader(bytes);
  if (file === undefined) return undefined;
  const search: Search = { file, seen: new Set(), pagesLeft: MAX_PAGES, fieldsLeft: MAX_FIELDS_OF_FILE };
  const main = readChain(search, readOffset(file, file.isBig ? 8 : 4));
  if (main.length === 0) return undefined;
  const nested = main.flatMap((page) =>
    numbersOf(page, SUB_DIRECTORIES)
      .filter((at) => Number.isSafeInteger(at) && at >= 0) // fields of other types hold any number
      .flatMap((at) => readChain(search, at)),
  );
  return { main, nested };
}

/** What the directories of a file may still cost: they can overlap, and list the same ones again. */
interface Search {
  readonly file: TiffFile;
  readonly seen: Set<number>; // where directories are that were read
  pagesLeft: number;
  fieldsLeft: number;
}

/** The numbers of a field, at most 256; none where it is missing, no number or outside the file. */
export function numbersOf({ file, fields }: TiffPage, tag: number): number[] {
  const field = fields.get(tag);
  const bytes = field === undefined ? 0 : (TYPE_BYTES[field.type] ?? 0);
  if (field === undefined || bytes === 0) return [];
  const count = Math.min(field.count, MAX_VALUES);
  if (field.at + count * bytes > file.bytes.length) return [];
  return Array.from({ length: count }, (_, i) => readValue(file, field.type, field.at + i * bytes));
}

/** The whole numbers of a field, of which there can be as many as bytes in the file: they are read one by one. */
interface NumberList {
  readonly count: number;
  at(index: number): number; // 0 beyond the end
}

/** SHORT, LONG, IFD, LONG8, IFD8: the types of offsets and lengths. */
const OFFSET_TYPES = new Set([3, 4, 13, 16, 18]);

/** The offsets or lengths of a field; `outside` where they are beyond the end of the file. */
export function offsetsOf({ file, fields }: TiffPage, tag: number): NumberList | 'outside' | undefined {
  const field = fields.get(tag);
  if (field === undefined || !OFFSET_TYPES.has(field.type)) return undefined;
  const { type, count } = field;
  const bytes = TYPE_BYTES[type]!;
  if (field.at + count * bytes > file.bytes.length) return 'outside';
  return { count, at: (index) => (index < count ? readValue(file, type, field.at + index * bytes) : 0) };
}

/** The first number of a field, or what the specification assumes without it. */
export function numberOf(page: TiffPage, tag: number, otherwise: number): number {
  return numbersOf(page, tag)[0] ?? otherwise;
}

/** An ASCII field up to its first NUL; empty where it is missing. */
export function textOf({ file, fields }: TiffPage, tag: number): string {
  const field = fields.get(tag);
  if (field === undefined) return '';
  const text = file.bytes.toString('latin1', field.at, field.at + Math.min(field.count, MAX_TEXT_BYTES));
  return text.split('\0', 1)[0]!;
}

/** The bytes of a field of any type; undefined where they are not all there. */
export function bytesOf({ file, fields }: TiffPage, tag: number): Buffer | undefined {
  const field = fields.get(tag);
  if (field === undefined) return undefined;
  const end = field.at + field.count * (TYPE_BYTES[field.type] ?? 0);
  return end > field.at && end <= file.bytes.length ? file.bytes.subarray(field.at, end) : undefined;
}

function readTiffHeader(bytes: Buffer): TiffFile | undefined {
  if (bytes.length < 16) return undefined;
  const order = bytes.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return undefined;
  const isLittleEndian = order === 'II';
  const version = isLittleEndian ? bytes.readUInt16LE(2) : bytes.readUInt16BE(2);
  return { bytes, isLittleEndian, isBig: version === 43 };
}

function readChain(search: Search, first: number): TiffPage[] {
  const pages: TiffPage[] = [];
  for (let at = first; at !== 0 && !search.seen.has(at) && search.pagesLeft > 0;) {
    search.seen.add(at);
    const directory = readDirectory(search, at);
    if (directory === undefined) break;
    search.pagesLeft--;
    pages.push(directory.page);
    at = directory.next;
  }
  return pages;
}

function readDirectory(search: Search, at: number): { page: TiffPage; next: number } | undefined {
  const { file } = search;
  const { bytes, isBig } = file;
  const entryBytes = isBig ? 20 : 12;
  const from = at + (isBig ? 8 : 2);
  if (from > bytes.length) return undefined;
  const count = isBig ? readOffset(file, at) : readValue(file, 3, at);
  const end = from + count * entryBytes;
  if (count === 0 || count > Math.min(MAX_FIELDS, search.fieldsLeft) || end > bytes.length) return undefined;
  search.fieldsLeft -= count;
  const fields = new Map<number, TiffField>();
  for (let entryAt = from; entryAt < end; entryAt += entryBytes) {
    const tag = readValue(file, 3, entryAt);
    if (!fields.has(tag)) fields.set(tag, readField(file, entryAt));
  }
  const next = end + (isBig ? 8 : 4) <= bytes.length ? readOffset(file, end) : 0;
  return { page: { at, file, fields }, next };
}

function readField(file: TiffFile, entryAt: number): TiffField {
  const type = readValue(file, 3, entryAt + 2);
  const count = file.isBig ? readOffset(file, entryAt + 4) : readValue(file, 4, entryAt + 4);
  const valueAt = entryAt + (file.isBig ? 12 : 8);
  const isInline = count * (TYPE_BYTES[type] ?? 0) <= (file.isBig ? 8 : 4);
  return { type, count, at: isInline ? valueAt : readOffset(file, valueAt), entryAt };
}

/** An offset of the file, 4 or 8 bytes; those beyond 2^53 are outside any file. */
function readOffset(file: TiffFile, at: number): number {
  return readValue(file, file.isBig ? 16 : 4, at);
}

function readValue(file: TiffFile, type: number, at: number): number {
  const { bytes, isLittleEndian: little } = file;
  switch (type) {
    case 3:
      return little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
    case 4:
    case 13:
      return little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    case 6:
      return bytes.readInt8(at);
    case 8:
      return little ? bytes.readInt16LE(at) : bytes.readInt16BE(at);
    case 9:
      return little ? bytes.readInt32LE(at) : bytes.readInt32BE(at);
    case 11:
      return little ? bytes.readFloatLE(at) : bytes.readFloatBE(at);
    case 12:
      return little ? bytes.readDoubleLE(at) : bytes.readDoubleBE(at);
    case 16:
    case 18:
      return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    case 1:
    case 2:
    case 7:
      return bytes.readUInt8(at);
    case 5:
      return readValue(file, 4, at) / readValue(file, 4, at + 4);
    default:
      return NaN; // signed fractions, which no tag that is read here has
  }
}
