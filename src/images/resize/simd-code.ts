/**
 * The inner loops of a bicubic stretch, as a WebAssembly module with 128-bit vectors: V8 does not vectorise JavaScript.
 * It is put together here, instruction by instruction, so that there is no binary in the repository and no compiler in
 * the build.
 *
 * @see https://webassembly.github.io/spec/core/binary/
 */
import { HALF_UNIT, UNIT_BITS } from './bicubic-taps.js';

/** Addresses are bytes of the module's memory, weights int32 in units of 2^-22. */
export interface StretchFunctions {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /**
   * A row of RGB pixels from `source` to `target`..`end`. For each output, `outputs` has two int32: where its first
   * pixel is, in bytes from `source`, and the address after its last weight. A byte after the row is read, and one
   * written.
   */
  across(source: number, target: number, end: number, outputs: number, weights: number): void;
  /**
   * A row of bytes at `target`..`end`, from as many rows below each other from `source` on as there are weights. Up to
   * 15 bytes after the rows are read and written.
   */
  down(source: number, target: number, end: number, weights: number, weightsEnd: number, stride: number): void;
}

/** The part of the global WebAssembly that is used here; the types of Node.js have none of it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

export function openStretchFunctions(): StretchFunctions {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  return new Instance(new Module(encodeModule())).exports as StretchFunctions;
}

type Code = readonly number[];
const [I32, V128] = [0x7f, 0x7b];
const END = 0x0b;
const ADD = [0x6a];
const IS_BELOW = [0x49]; // unsigned

const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number, ...value: Code[]): Code => [...value.flat(), 0x21, ...unsigned(local)];
const constant = (value: number): Code => [0x41, ...signed(value)];
const load = (offset: number): Code => [0x28, 2, ...unsigned(offset)];
const add = (local: number, ...value: Code[]): Code => set(local, get(local), ...value, ADD);
/** Runs the body once, and again while one local is below another. */
const loop = (body: readonly Code[], local: number, end: number): Code => [
  ...[0x03, 0x40, ...body.flat()],
  ...[...get(local), ...get(end), ...IS_BELOW, 0x0d, 0, END],
];

const vector = (operation: number, ...immediates: number[]): Code => [0xfd, ...unsigned(operation), ...immediates];
const LOAD = vector(0x00, 0, 0);
const LOAD_REPEATED = vector(0x09, 2, 0); // an int32 into all four lanes
const LOAD_4_BYTES = vector(0x5c, 2, 0);
const STORE = vector(0x0b, 0, 0);
const STORE_4_BYTES = vector(0x5a, 0, 0, 0);
const [BYTES_LOW, BYTES_HIGH] = [vector(0x89), vector(0x8a)]; // widened to 16 bits
const [SHORTS_LOW, SHORTS_HIGH] = [vector(0xa9), vector(0xaa)]; // widened to 32 bits
const NARROW_TO_SHORTS = vector(0x85);
const NARROW_TO_BYTES = vector(0x66);
const MULTIPLY = vector(0xb5);
const ADD_LANES = vector(0xae);
const HALVES: Code = [...constant(HALF_UNIT), ...vector(0x11)];
const TO_LEVELS: Code = [...constant(UNIT_BITS), ...vector(0xac)];

/** Locals 0 to 4 are the parameters. */
function encodeAcross(): Code {
  const [source, target, end, outputs, weight, pixel, weightsEnd, sums, samples] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
  const tap = [
    set(samples, get(pixel), LOAD_4_BYTES, BYTES_LOW, SHORTS_LOW),
    set(sums, get(sums), get(samples), get(weight), LOAD_REPEATED, MULTIPLY, ADD_LANES),
    add(pixel, constant(3)),
    add(weight, constant(4)),
  ];
  const output = [
    set(pixel, get(source), get(outputs), load(0), ADD),
    set(weightsEnd, get(outputs), load(4)),
    set(sums, HALVES),
    loop(tap, weight, weightsEnd),
    set(sums, get(sums), TO_LEVELS),
    set(sums, get(sums), get(sums), NARROW_TO_SHORTS),
    [...get(target), ...get(sums), ...get(sums), ...NARROW_TO_BYTES, ...STORE_4_BYTES],
    add(target, constant(3)),
    add(outputs, constant(8)),
  ];
  return encodeBody([I32, I32, V128, V128], loop(output, target, end));
}

/** Locals 0 to 5 are the parameters. */
function encodeDown(): Code {
  const [source, target, end, weights, weightsEnd, stride] = [0, 1, 2, 3, 4, 5] as const;
  const [row, weight, factor, shorts, bytes, ...sums] = [6, 7, 8, 9, 10, 11, 12, 13, 14] as const;
  const addTo = (sum: number, half: Code) => set(sum, get(sum), get(shorts), half, get(factor), MULTIPLY, ADD_LANES);
  const tap = [
    set(bytes, get(row), LOAD),
    set(factor, get(weight), LOAD_REPEATED),
    set(shorts, get(bytes), BYTES_LOW),
    addTo(sums[0], SHORTS_LOW),
    addTo(sums[1], SHORTS_HIGH),
    set(shorts, get(bytes), BYTES_HIGH),
    addTo(sums[2], SHORTS_LOW),
    addTo(sums[3], SHORTS_HIGH),
    add(row, get(stride)),
    add(weight, constant(4)),
  ];
  const narrow = (low: number, high: number) => [get(low), TO_LEVELS, get(high), TO_LEVELS, NARROW_TO_SHORTS].flat();
  const sixteen = [
    set(row, get(source)),
    set(weight, get(weights)),
    ...sums.map((sum) => set(sum, HALVES)),
    loop(tap, weight, weightsEnd),
    [...get(target), ...narrow(sums[0], sums[1]), ...narrow(sums[2], sums[3]), ...NARROW_TO_BYTES, ...STORE],
    add(source, constant(16)),
    add(target, constant(16)),
  ];
  return encodeBody([I32, I32, ...Array<number>(7).fill(V128)], loop(sixteen, target, end));
}

function encodeModule(): Uint8Array {
  const type = (parameters: number): Code => [0x60, ...list(Array<Code>(parameters).fill([I32])), 0];
  const exported = (name: string, kind: number, index: number): Code => {
    const bytes = [...Buffer.from(name)];
    return [bytes.length, ...bytes, kind, index];
  };
  const section = (id: number, items: readonly Code[]): Code => {
    const content = list(items);
    return [id, ...unsigned(content.length), ...content];
  };
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [type(5), type(6)]),
    ...section(3, [[0], [1]]), // functions and their types
    ...section(5, [[0, 1]]), // a memory, of a page at first
    ...section(7, [exported('memory', 2, 0), exported('across', 0, 0), exported('down', 0, 1)]),
    ...section(10, [encodeAcross(), encodeDown()]),
  ]);
}

function encodeBody(locals: readonly number[], code: Code): Code {
  const body = [...list(locals.map((type) => [1, type])), ...code, END];
  return [...unsigned(body.length), ...body];
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

/** LEB128 */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  const isLast = value >= -64 && value < 64;
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
