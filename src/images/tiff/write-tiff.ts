import { TAG } from './tags.js';
import type { TiffFile, TiffPage } from './read-pages.js';

const SHORT = 3;
const LONG = 4;
const LONG8 = 16;
const UNDEFINED = 7;
const TYPE_BYTES: Readonly<Record<number, number>> = { [SHORT]: 2, [LONG]: 4, [LONG8]: 8, [UNDEFINED]: 1 };

/** A field to write. */
interface NewField {
  readonly type: number;
  readonly values: ArrayLike<number>;
}

/** Fields that say where pixels are and how they are packed. They are kept; what describes colours is given anew. */
const KEPT = [
  TAG.width,
  TAG.height,
  TAG.bits,
  TAG.compression,
  TAG.fillOrder,
  TAG.stripOffsets,
  TAG.samples,
  TAG.rowsPerStrip,
  TAG.stripBytes,
  TAG.planes,
  TAG.predictor,
  TAG.tileWidth,
  TAG.tileHeight,
  TAG.tileOffsets,
  TAG.tileBytes,
  TAG.sampleFormat,
  TAG.jpegTables,
];

/**
 * A copy of a file with a directory for one page alone, which says of its pixels what the caller says.
 *
 * @param changes - Values of fields, as SHORT or LONG. An empty list removes the field.
 */
export function rewritePage(page: TiffPage, changes: ReadonlyMap<number, readonly number[]>): Buffer {
  const { file } = page;
  const entryBytes = file.isBig ? 20 : 12;
  const kept = KEPT.filter((tag) => page.fields.has(tag) && !changes.has(tag)).map((tag) => {
    const { entryAt } = page.fields.get(tag)!;
    return [tag, file.bytes.subarray(entryAt, entryAt + entryBytes)] as const;
  });
  const given = [...changes]
    .filter(([, values]) => values.length > 0)
    .map(([tag, values]) => [tag, { type: values.some((value) => value > 0xffff) ? LONG : SHORT, values }] as const);
  return appendDirectory({ ...file, parts: [file.bytes] }, [...kept, ...given]);
}

/** A copy of a file whose first directory is that of the page. */
export function startWithPage({ at, file }: TiffPage): Buffer {
  const bytes = Buffer.from(file.bytes);
  writeNumber({ ...file, bytes }, { type: file.isBig ? LONG8 : LONG, at: file.isBig ? 8 : 4, value: at });
  return bytes;
}

/** Uncompressed pixels of a TIFF file: RGB or grey of 8 bits, or CIELab of 16. */
export interface PlainPicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array | Uint16Array; // [height, width, samples], in the byte order of x86 and ARM
  readonly samples: 1 | 3;
  readonly photometric: number;
  readonly orientation: number;
  readonly icc?: Buffer | undefined;
}

/** Writes a TIFF file in memory. */
export function writePlainTiff(picture: PlainPicture): Buffer {
  const { width, height, pixels, samples, photometric, orientation, icc } = picture;
  const header = Buffer.from('II*\0\0\0\0\0', 'latin1');
  const stored = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const file = { parts: [header, stored], isLittleEndian: true, isBig: false };
  const long = (value: number) => ({ type: LONG, values: [value] });
  const short = (...values: number[]) => ({ type: SHORT, values });
  const bits = pixels.BYTES_PER_ELEMENT * 8;
  return appendDirectory(file, [
    [TAG.width, long(width)],
    [TAG.height, long(height)],
    [TAG.bits, short(...Array<number>(samples).fill(bits))],
    [TAG.compression, short(1)],
    [TAG.photometric, short(photometric)],
    [TAG.stripOffsets, long(header.length)],
    [TAG.orientation, short(orientation)],
    [TAG.samples, short(samples)],
    [TAG.rowsPerStrip, long(height)],
    [TAG.stripBytes, long(stored.length)],
    [TAG.planes, short(1)],
    ...(icc === undefined ? [] : [[TAG.icc, { type: UNDEFINED, values: icc }] as const]),
  ]);
}

interface NewFile extends Pick<TiffFile, 'isLittleEndian' | 'isBig'> {
  readonly parts: readonly Uint8Array[]; // one after the other
}

/** Appends a directory, to which the header then points. Entries that are bytes are copied as they are. */
function appendDirectory(
  { parts, isLittleEndian, isBig }: NewFile,
  entries: readonly (readonly [tag: number, entry: Uint8Array | NewField])[],
): Buffer {
  const [entryBytes, offsetBytes, countBytes, offsetType] = isBig ? [20, 8, 8, LONG8] : [12, 4, 2, LONG];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const start = length + (length % 2);
  const valuesStart = start + countBytes + entries.length * entryBytes + offsetBytes;
  const sizeOutside = (entry: Uint8Array | NewField) => {
    const size = 'type' in entry ? entry.values.length * TYPE_BYTES[entry.type]! : 0;
    return size <= offsetBytes ? 0 : size + (size % 2);
  };
  const end = entries.reduce((sum, [, entry]) => sum + sizeOutside(entry), valuesStart);
  const file = { bytes: Buffer.concat([...parts, Buffer.alloc(end - length)]), isLittleEndian, isBig };
  writeNumber(file, { type: offsetType, at: isBig ? 8 : 4, value: start });
  writeNumber(file, { type: isBig ? LONG8 : SHORT, at: start, value: entries.length });
  let valuesAt = valuesStart;
  const sorted = [...entries].sort(([a], [b]) => a - b);
  for (const [i, [tag, entry]] of sorted.entries()) {
    const at = start + countBytes + i * entryBytes;
    if (!('type' in entry)) {
      file.bytes.set(entry, at);
      continue;
    }
    writeNumber(file, { type: SHORT, at, value: tag });
    writeNumber(file, { type: SHORT, at: at + 2, value: entry.type });
    writeNumber(file, { type: offsetType, at: at + 4, value: entry.values.length });
    const inlineAt = at + 4 + offsetBytes;
    const outside = sizeOutside(entry);
    if (outside > 0) writeNumber(file, { type: offsetType, at: inlineAt, value: valuesAt });
    writeValues(file, entry, outside > 0 ? valuesAt : inlineAt);
    valuesAt += outside;
  }
  return file.bytes;
}

function writeValues(file: TiffFile, { type, values }: NewField, at: number): void {
  if (type === UNDEFINED) file.bytes.set(values, at);
  else
    for (let i = 0; i < values.length; i++)
      writeNumber(file, { type, at: at + i * TYPE_BYTES[type]!, value: values[i]! });
}

function writeNumber(
  { bytes, isLittleEndian }: TiffFile,
  { type, at, value }: { type: number; at: number; value: number },
): void {
  if (type === LONG8) {
    if (isLittleEndian) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeBigUInt64BE(BigInt(value), at);
    return;
  }
  const size = TYPE_BYTES[type]!;
  if (isLittleEndian) bytes.writeUIntLE(value, at, size);
  else bytes.writeUIntBE(value, at, size);
}
