import { crc32 } from 'node:zlib';

/** Numbers in the file of a checkpoint, which several tensors may share. */
export interface WrittenStorage {
  readonly type: 'Float' | 'Half' | 'BFloat16' | 'Long' | 'Double';
  readonly bytes: Uint8Array;
}

export interface WrittenTensor {
  readonly storage: WrittenStorage;
  readonly shape: readonly number[];
  readonly offset?: number; // elements
  readonly strides?: readonly number[]; // elements; row by row if left out
  readonly parameter?: boolean;
}

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: number; // 0, stored, if left out
  readonly flags?: number;
}

const ELEMENT_BYTES = { Float: 4, Half: 2, BFloat16: 2, Long: 8, Double: 8 };
const ALIGNMENT = 64; // PyTorch fills up the extra field of the local header, so that tensors can be mapped

/** What `torch.save(state_dict, path)` writes: instructions, memo, folder and padding as PyTorch 2 has them. */
export function torchFile(tensors: Readonly<Record<string, WrittenTensor>>): Buffer {
  const storages = [...new Set(Object.values(tensors).map(({ storage }) => storage))];
  return zip([
    { name: 'archive/data.pkl', bytes: stateDict(tensors, storages) },
    { name: 'archive/byteorder', bytes: Buffer.from('little') },
    ...storages.map(({ bytes }, i) => ({ name: `archive/data/${i}`, bytes })),
    { name: 'archive/version', bytes: Buffer.from('3\n') },
  ]);
}

/** A file with one storage and the index given, however wrong. */
export function torchFileOf(pickle: Uint8Array, more: readonly ZipEntry[] = []): Buffer {
  const data = { name: 'archive/data/0', bytes: new Uint8Array(64) };
  return zip([{ name: 'archive/data.pkl', bytes: pickle }, data, ...more]);
}

function stateDict(tensors: Readonly<Record<string, WrittenTensor>>, storages: readonly WrittenStorage[]): Buffer {
  const p = new Pickler();
  p.raw(0x80, 2).global('collections', 'OrderedDict').put().raw(0x29, 0x52).put().raw(0x28);
  for (const [name, tensor] of Object.entries(tensors)) {
    p.text(name);
    if (tensor.parameter === true) p.global('torch._utils', '_rebuild_parameter').raw(0x28);
    rebuilt(p, tensor, storages);
    if (tensor.parameter === true) p.raw(0x88).global('collections', 'OrderedDict').raw(0x29, 0x52, 0x74).raw(0x52);
  }
  p.raw(0x75, 0x7d).put().text('_metadata').raw(0x7d).put().raw(0x73, 0x62); // an attribute of the dict
  return p.raw(0x2e).finish();
}

function rebuilt(p: Pickler, tensor: WrittenTensor, storages: readonly WrittenStorage[]): void {
  const { storage, shape } = tensor;
  const elements = storage.bytes.length / ELEMENT_BYTES[storage.type];
  p.global('torch._utils', '_rebuild_tensor_v2').raw(0x28, 0x28).text('storage');
  p.global('torch', `${storage.type}Storage`)
    .text(String(storages.indexOf(storage)))
    .text('cpu')
    .int(elements);
  p.raw(0x74)
    .put()
    .raw(0x51)
    .int(tensor.offset ?? 0);
  p.tuple(shape).tuple(tensor.strides ?? rowByRow(shape));
  p.raw(0x89).global('collections', 'OrderedDict').raw(0x29, 0x52).put().raw(0x74).put().raw(0x52).put();
}

function rowByRow(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

/** Writes pickle instructions as Python's own writer does at protocol 2: what comes again is taken from the memo. */
export class Pickler {
  readonly #parts: Buffer[] = [];
  readonly #memo = new Map<string, number>();
  #memoSize = 0;

  raw(...bytes: number[]): this {
    this.#parts.push(Buffer.from(bytes));
    return this;
  }

  /** Keeps the value on top of the stack. */
  put(): this {
    const index = this.#memoSize++;
    return index < 256 ? this.raw(0x71, index) : this.raw(0x72, ...uint32(index));
  }

  global(module: string, name: string): this {
    return this.#once(`c${module}\n${name}\n`, Buffer.from(`c${module}\n${name}\n`));
  }

  text(text: string): this {
    const bytes = Buffer.from(text);
    return this.#once(`X${text}`, Buffer.concat([Buffer.from([0x58, ...uint32(bytes.length)]), bytes]));
  }

  int(value: number): this {
    if (value < 256) return this.raw(0x4b, value);
    if (value < 65_536) return this.raw(0x4d, value & 0xff, value >> 8);
    return this.raw(0x4a, ...uint32(value));
  }

  tuple(values: readonly number[]): this {
    if (values.length === 0) return this.raw(0x29);
    if (values.length > 3) this.raw(0x28);
    for (const value of values) this.int(value);
    return this.raw([0x85, 0x86, 0x87][values.length - 1] ?? 0x74).put();
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #once(key: string, bytes: Buffer): this {
    const known = this.#memo.get(key);
    if (known !== undefined) return known < 256 ? this.raw(0x68, known) : this.raw(0x6a, ...uint32(known));
    this.#memo.set(key, this.#memoSize);
    this.#parts.push(bytes);
    return this.put();
  }
}

function uint32(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
}

/** A zip archive; sizes stand in the central directory alone, as PyTorch's writer has it. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, method = 0, flags = 8 } of entries) {
    const title = Buffer.from(name);
    const padding = (ALIGNMENT - ((offset + 30 + title.length + 4) % ALIGNMENT)) % ALIGNMENT;
    const extra = Buffer.concat([Buffer.from('FB'), Buffer.from([padding, 0]), Buffer.alloc(padding, 'Z')]);
    const sum = uint32(crc32(bytes));
    const size = uint32(bytes.length);
    const common = [0, 0, flags & 0xff, flags >> 8, method, 0, 0, 0, 0, 0];
    const lengths = (extraBytes: number) => [title.length, 0, extraBytes & 0xff, extraBytes >> 8];
    const local = Buffer.from([0x50, 0x4b, 3, 4, ...common, ...Array<number>(12).fill(0), ...lengths(extra.length)]);
    const descriptor = Buffer.from([0x50, 0x4b, 7, 8, ...sum, ...size, ...size]);
    locals.push(local, title, extra, Buffer.from(bytes), descriptor);
    const head = [0x50, 0x4b, 1, 2, 0, 0, ...common, ...sum, ...size, ...size, ...lengths(0)];
    central.push(Buffer.from([...head, ...Array<number>(10).fill(0), ...uint32(offset)]), title);
    offset += 30 + title.length + extra.length + bytes.length + 16;
  }
  const directory = Buffer.concat(central);
  const count = [entries.length & 0xff, entries.length >> 8];
  const end = [0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...count, ...count, ...uint32(directory.length), ...uint32(offset), 0, 0];
  return Buffer.concat([...locals, directory, Buffer.from(end)]);
}
