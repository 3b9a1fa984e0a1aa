import { closeSync, openSync, readSync } from 'node:fs';

/** What the loader reads in a shared library of Linux. */
export interface SharedLibrary {
  readonly machine: number; // the processor it is for, as ELF numbers them
  readonly needed: readonly string[]; // names of the libraries it needs
  readonly searchPath: readonly string[]; // RUNPATH, else RPATH; may hold $ORIGIN
}

const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const ENTRY_BYTES = 16; // of the dynamic section
const MAX_DYNAMIC_BYTES = 1 << 20;
const MAX_NAME_BYTES = 4096;
const LOADED = 1;
const DYNAMIC = 2;
const TAG = { needed: 1, strings: 5, stringBytes: 10, rpath: 15, runpath: 29 };

type Read = (offset: number, length: number) => Buffer;

/** A part of the file, and where it is in memory. */
interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly sizeBytes: number;
}

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file. Only a few kilobytes are read, and offsets outside the
 * file are refused.
 *
 * @throws Error with the reason why the file is not one, or the system's error when it cannot be read.
 * @see the System V ABI, "Program Loading and Dynamic Linking"
 */
export function readSharedLibrary(path: string): SharedLibrary {
  const file = openSync(path, 'r');
  try {
    return parse((offset, length) => {
      const bytes = Buffer.alloc(length);
      if (readSync(file, bytes, 0, length, offset) < length) throw new Error('the file ends too early');
      return bytes;
    });
  } finally {
    closeSync(file);
  }
}

function parse(read: Read): SharedLibrary {
  const header = read(0, HEADER_BYTES);
  if (header.readUInt32BE(0) !== 0x7f454c46) throw new Error('not an ELF file');
  if (header[4] !== 2 || header[5] !== 1) throw new Error('not a 64-bit little-endian ELF file');
  const machine = header.readUInt16LE(18);
  const segments = segmentsOf(header, read);
  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  if (dynamic === undefined) return { machine, needed: [], searchPath: [] };
  const entries = entriesOf(dynamic, read);
  const first = (tag: number) => entries.find((entry) => entry.tag === tag)?.value;
  const strings = { at: fileOffsetOf(first(TAG.strings) ?? 0, segments), sizeBytes: first(TAG.stringBytes) ?? 0 };
  const textOf = (value: number) => textAt(strings, value, read);
  const needed = entries.filter(({ tag }) => tag === TAG.needed).map(({ value }) => textOf(value));
  const path = first(TAG.runpath) ?? first(TAG.rpath);
  return { machine, needed, searchPath: path === undefined ? [] : textOf(path).split(':').filter(Boolean) };
}

function segmentsOf(header: Buffer, read: Read): Segment[] {
  const [start, size, count] = [numberAt(header, 32), header.readUInt16LE(54), header.readUInt16LE(56)];
  if (size !== SEGMENT_BYTES) throw new Error(`its program headers are ${size} bytes long, not ${SEGMENT_BYTES}`);
  const table = read(start, count * size);
  return Array.from({ length: count }, (_, i) => {
    const row = table.subarray(i * size, (i + 1) * size);
    return {
      type: row.readUInt32LE(0),
      offset: numberAt(row, 8),
      address: numberAt(row, 16),
      sizeBytes: numberAt(row, 32),
    };
  });
}

function entriesOf({ offset, sizeBytes }: Segment, read: Read): { tag: number; value: number }[] {
  if (sizeBytes > MAX_DYNAMIC_BYTES) throw new Error(`its dynamic section is ${sizeBytes} bytes long`);
  const section = read(offset, sizeBytes);
  const entries: { tag: number; value: number }[] = [];
  for (let at = 0; at + ENTRY_BYTES <= sizeBytes; at += ENTRY_BYTES) {
    const tag = section.readBigInt64LE(at);
    if (tag === 0n) break;
    // Others, such as those of one system only, may hold anything.
    if (Object.values(TAG).includes(Number(tag))) entries.push({ tag: Number(tag), value: numberAt(section, at + 8) });
  }
  return entries;
}

function fileOffsetOf(address: number, segments: readonly Segment[]): number {
  const holder = segments.find(
    (segment) => segment.type === LOADED && address >= segment.address && address < segment.address + segment.sizeBytes,
  );
  if (holder === undefined) throw new Error('its string table is outside the file');
  return address - holder.address + holder.offset;
}

function textAt(strings: { at: number; sizeBytes: number }, from: number, read: Read): string {
  if (from >= strings.sizeBytes) throw new Error('a name is outside its string table');
  const bytes = read(strings.at + from, Math.min(MAX_NAME_BYTES, strings.sizeBytes - from));
  const end = bytes.indexOf(0);
  if (end === -1) throw new Error('a name has no end');
  return bytes.toString('utf8', 0, end);
}

function numberAt(bytes: Buffer, offset: number): number {
  const value = bytes.readBigUInt64LE(offset);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error('a number in it is too large');
  return Number(value);
}
