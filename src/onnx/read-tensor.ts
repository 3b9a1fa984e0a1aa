import type { ProtoFile } from './proto-file.js';
import { readFields, readIntegers, toSigned, type Field } from './proto-reader.js';

/** A weight of an ONNX file: in memory if it is small, else its place in a file. */
export interface Initializer {
  readonly name: string;
  readonly type: number; // TensorProto.DataType
  readonly shape: readonly number[];
  readonly bytes?: Buffer; // the TensorProto
  readonly stored?: StoredBytes;
}

/** A range of a file beside the model, or of the model's own file. */
export interface StoredBytes {
  readonly location: string; // relative to the model's folder
  readonly offset: number;
  readonly sizeBytes?: number; // undefined: to the end of the file
}

const MAX_INLINE_BYTES = 1024; // shapes, axes and scalars, which ONNX Runtime needs when it opens a graph
const MAX_TYPED_BYTES = 64 << 20; // values in typed fields, which some tools write instead of raw bytes
const MAX_RANK = 16;

/** Bytes of an element, by TensorProto.DataType. Strings and types of less than a byte are always inline. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  ...{ 1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2 },
  ...{ 17: 1, 18: 1, 19: 1, 20: 1 },
};

/**
 * Reads a TensorProto in a file, skipping its values.
 *
 * @param own - The name of the file.
 */
export async function readInitializer(source: ProtoFile, field: Field, own: string): Promise<Initializer> {
  let name = '';
  let type = 0;
  let raw: Field | undefined;
  let isExternal = false;
  const shape: number[] = [];
  const entries = new Map<string, string>();
  const small = async (part: Field) => source.bytes(part, MAX_INLINE_BYTES * 4);
  for await (const part of source.fields(field.from, field.to)) {
    if (part.number === 1) shape.push(...(await readDimensions(source, part)));
    else if (part.number === 2) type = toSigned(part.value);
    else if (part.number === 8) name = (await small(part)).toString();
    else if (part.number === 9) raw = part;
    else if (part.number === 13) entries.set(...parseEntry(await small(part)));
    else if (part.number === 14) isExternal = part.value === 1n;
  }
  if (shape.length > MAX_RANK || shape.some((size) => size < 0)) throw new Error(`"${name}" has an invalid shape`);
  const head = { name, type, shape };
  if (isExternal) return { ...head, stored: parseExternalData(name, entries) };
  const elementBytes = ELEMENT_BYTES[type];
  if (raw === undefined || raw.to - raw.from <= MAX_INLINE_BYTES || elementBytes === undefined) {
    return { ...head, bytes: await source.bytes(field, MAX_TYPED_BYTES) };
  }
  const sizeBytes = shape.reduce((product, size) => product * size, elementBytes);
  if (raw.to - raw.from !== sizeBytes) throw new Error(`"${name}" has ${raw.to - raw.from} bytes, not ${sizeBytes}`);
  return { ...head, stored: { location: own, offset: raw.from, sizeBytes } };
}

/** The values of a small int64 tensor; undefined for another type. */
export function readWholeNumbers(tensor: Buffer): number[] | undefined {
  const values: number[] = [];
  let type = 0;
  for (const field of readFields(tensor)) {
    if (field.number === 2) type = toSigned(field.value);
    else if (field.number === 7) values.push(...readIntegers(tensor, field));
    else if (field.number === 9) {
      for (let at = field.from; at + 8 <= field.to; at += 8) values.push(Number(tensor.readBigInt64LE(at)));
    }
  }
  return type === 7 ? values : undefined;
}

/** The number of dimensions of a tensor. */
export function rankOf(tensor: Buffer): number {
  let rank = 0;
  for (const field of readFields(tensor)) if (field.number === 1) rank += readIntegers(tensor, field).length;
  return rank;
}

async function readDimensions(source: ProtoFile, field: Field): Promise<number[]> {
  if (field.type === 0) return [toSigned(field.value)];
  const bytes = await source.bytes(field, MAX_RANK * 10);
  return readIntegers(bytes, { ...field, from: 0, to: bytes.length });
}

/** StringStringEntryProto */
function parseEntry(bytes: Buffer): [key: string, value: string] {
  const texts = ['', ''];
  for (const { number, from, to } of readFields(bytes)) {
    if (number === 1 || number === 2) texts[number - 1] = bytes.toString('utf8', from, to);
  }
  return texts as [string, string];
}

function parseExternalData(name: string, entries: ReadonlyMap<string, string>): StoredBytes {
  const location = entries.get('location');
  if (location === undefined || location === '') throw new Error(`"${name}" is in another file, without its name`);
  const offset = Number(entries.get('offset') ?? 0);
  const length = entries.get('length');
  const isPossible = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!isPossible(offset) || !isPossible(Number(length ?? 0))) throw new Error(`"${name}" is at an invalid offset`);
  return { location, offset, ...(length === undefined ? {} : { sizeBytes: Number(length) }) };
}
