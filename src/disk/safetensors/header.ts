/** Element types of safetensors files, with their size in bytes. */
const SIZES: Readonly<Record<string, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F64: 8,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** What is written under which name. */
const NAMES = { float32: 'F32', float16: 'F16', int8: 'I8' } as const;

/** A tensor that is to be written. */
export interface PlannedEntry {
  readonly name: string;
  readonly type: keyof typeof NAMES;
  readonly shape: readonly number[];
}

/** Where a tensor is. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string; // as the file names it: F32, F16 …
  readonly shape: readonly number[];
  readonly start: number; // bytes from the end of the header
  readonly end: number;
}

/** The start of a safetensors file that holds these tensors one after another. */
export function buildSafetensorsHeader(
  tensors: readonly PlannedEntry[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    const dtype = NAMES[type];
    const end = offset + shape.reduce((product, length) => product * length, SIZES[dtype]!);
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' '); // values begin at a multiple of 8
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  padded.set(json, 8);
  return padded;
}

/**
 * The tensors that a parsed header names, in the order of their places, which do not overlap.
 *
 * @param dataBytes - Of the file, behind its header.
 * @throws Error saying what is wrong with the header.
 */
export function readSafetensorsEntries(header: unknown, dataBytes: number): SafetensorsEntry[] {
  if (!isObject(header)) throw new Error('its header is not a JSON object');
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => readEntry(name, value));
  for (const { name, dtype, shape, start, end } of entries) {
    const elementBytes = SIZES[dtype];
    if (elementBytes === undefined) throw new Error(`"${name}" has the unknown type ${dtype}`);
    const sizeBytes = shape.reduce((product, length) => product * length, elementBytes);
    if (end - start !== sizeBytes) throw new Error(`"${name}" has ${end - start} bytes, not ${sizeBytes}`);
    if (end > dataBytes) throw new Error(`"${name}" reaches past the end of the file`);
  }
  entries.sort((a, b) => a.start - b.start);
  if (entries.some(({ start }, i) => i > 0 && start < entries[i - 1]!.end)) throw new Error('two tensors overlap');
  return entries;
}

/** No schema library: worker processes read headers, too. */
function readEntry(name: string, value: unknown): SafetensorsEntry {
  if (!isObject(value)) throw new Error(`"${name}" is described by something else than an object`);
  const { dtype, shape, data_offsets: span } = value;
  if (typeof dtype !== 'string') throw new Error(`"${name}" has no dtype`);
  if (!isCounts(shape)) throw new Error(`the shape of "${name}" is not a list of lengths`);
  if (!isCounts(span) || span.length !== 2) throw new Error(`data_offsets of "${name}" are not two positions`);
  return { name, dtype, shape, start: span[0]!, end: span[1]! };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}
