/** One field of a protocol buffers message: its number, and where its payload is. */
export interface Field {
  readonly number: number;
  readonly type: number; // 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes
  readonly value: bigint; // of a varint, as 64 bits without a sign
  readonly from: number; // of the payload, in bytes
  readonly to: number;
}

/** An upper bound on the bytes of a key and a varint. */
export const HEAD_BYTES = 20;

/**
 * Reads a whole message in memory, field by field.
 *
 * @throws Error when a field extends beyond the end of the message.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function* readFields(message: Uint8Array): Generator<Field> {
  for (let at = 0; at < message.length;) {
    const field = readFieldAt(message, at);
    if (field.to > message.length) throw new Error('a field extends beyond the message that contains it');
    yield field;
    at = field.to;
  }
}

/** The field that begins at a position; its payload may be beyond the given bytes. */
export function readFieldAt(bytes: Uint8Array, at: number): Field {
  const key = readVarintAt(bytes, at);
  const number = Number(key.value >> 3n);
  const type = Number(key.value & 7n);
  if (number < 1 || number > 0x1fffffff) throw new Error(`there is no field number ${number}`);
  const from = key.to;
  if (type === 0) return { number, type, from, ...readVarintAt(bytes, from) };
  if (type === 1) return { number, type, value: 0n, from, to: from + 8 };
  if (type === 5) return { number, type, value: 0n, from, to: from + 4 };
  if (type !== 2) throw new Error(`there is no wire type ${type}`);
  const length = readVarintAt(bytes, from);
  if (length.value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error('a length is out of range');
  return { number, type, value: 0n, from: length.to, to: length.to + Number(length.value) };
}

/** The integers of a repeated field: packed into one payload, or a single one. */
export function readIntegers(bytes: Uint8Array, field: Field): number[] {
  if (field.type === 0) return [toSigned(field.value)];
  const values: number[] = [];
  for (let at = field.from; at < field.to;) {
    const { value, to } = readVarintAt(bytes.subarray(0, field.to), at);
    values.push(toSigned(value));
    at = to;
  }
  return values;
}

/** An int32 or int64 field. */
export function toSigned(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}

function readVarintAt(bytes: Uint8Array, at: number): { value: bigint; to: number } {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new Error('it ends in the middle of a number');
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), to: at + i + 1 };
  }
  throw new Error('a number is longer than ten bytes');
}
