/**
 * What a real checkpoint stays far below: 1,000 tensors are 0.3 MB, 50,000 instructions and two marks within another.
 */
export const PICKLE_LIMITS = { bytes: 16_000_000, instructions: 1_000_000, depth: 100, textBytes: 65_536 };

/** What names and persistent ids stand for. A pickle can build nothing else: no name reaches code of its own accord. */
export interface PickleResolver {
  /** @param name - As Python writes it: `collections.OrderedDict`. @throws Error when it is not allowed. */
  resolveName(name: string): unknown;
  resolveStorage(id: unknown): unknown;
}

/** What a pickle may call. It checks its arguments, which can be anything: tuples and lists are arrays, dicts maps. */
export type PickleFunction = (args: readonly unknown[]) => unknown;

/**
 * Reads a pickle of protocol 2 to 5, as far as `torch.save` uses the language, and does nothing but build values.
 *
 * @throws Error saying what it asks for that is not allowed, or where it is damaged.
 * @see https://github.com/python/cpython/blob/3.11/Lib/pickletools.py: the instructions
 */
export function readPickle(bytes: Buffer, resolver: PickleResolver): unknown {
  if (bytes.length > PICKLE_LIMITS.bytes) throw new Error(`its index has ${bytes.length} bytes, which is too many`);
  const machine = new Machine(bytes, resolver);
  for (let count = 0; !machine.stopped; count++) {
    if (count === PICKLE_LIMITS.instructions) throw new Error(`its index has more than ${count} instructions`);
    const at = machine.at;
    const code = machine.unsigned(1);
    const instruction = INSTRUCTIONS[code];
    if (instruction === undefined) throw new Error(`its index uses instruction 0x${code.toString(16)} at byte ${at}`);
    instruction(machine);
  }
  return machine.pop();
}

/** The stack machine that a pickle is a program for. */
class Machine {
  at = 0;
  stopped = false;
  readonly resolver: PickleResolver;
  readonly memo = new Map<number, unknown>();
  readonly #bytes: Buffer;
  #stack: unknown[] = [];
  readonly #outer: unknown[][] = []; // what lies below each mark

  constructor(bytes: Buffer, resolver: PickleResolver) {
    this.#bytes = bytes;
    this.resolver = resolver;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    if (this.#stack.length === 0) throw new Error(`its index takes a value at byte ${this.at} where there is none`);
    return this.#stack.pop();
  }

  top(): unknown {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    if (this.#outer.length === PICKLE_LIMITS.depth) throw new Error('its index is nested too deeply');
    this.#outer.push(this.#stack);
    this.#stack = [];
  }

  /** What was pushed since the last mark. */
  popToMark(): unknown[] {
    const values = this.#stack;
    const outer = this.#outer.pop();
    if (outer === undefined) throw new Error(`its index has no mark for byte ${this.at}`);
    this.#stack = outer;
    return values;
  }

  take(count: number): Buffer {
    const end = this.at + count;
    if (end > this.#bytes.length) throw new Error('its index is cut short');
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  unsigned(bytes: number): number {
    return this.take(bytes).readUIntLE(0, bytes);
  }

  text(bytes: number): string {
    if (bytes > PICKLE_LIMITS.textBytes) throw new Error(`its index has a text of ${bytes} bytes`);
    return this.take(bytes).toString('utf8');
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end === -1) throw new Error('its index is cut short');
    const text = this.text(end - this.at);
    this.at++; // the line's end
    return text;
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw new Error(`its index refers to value ${index}, which it has not made`);
    this.push(this.memo.get(index));
  }

  /** Pushes what the resolver finds under a name. */
  find(module: string, name: string): void {
    this.push(this.resolver.resolveName(`${module}.${name}`));
  }

  dict(): Map<unknown, unknown> {
    const dict = this.top();
    if (!(dict instanceof Map)) throw new Error(`its index fills something at byte ${this.at} that is not a dict`);
    return dict as Map<unknown, unknown>;
  }

  list(): unknown[] {
    const list = this.top();
    if (!Array.isArray(list) || Object.isFrozen(list)) {
      throw new Error(`its index fills something at byte ${this.at} that is not a list`);
    }
    return list as unknown[];
  }
}

const INSTRUCTIONS: Readonly<Partial<Record<number, (machine: Machine) => void>>> = {
  0x80: protocol,
  0x95: (machine) => void machine.take(8), // FRAME: how much a reader may fetch at once
  0x2e: (machine) => void (machine.stopped = true),
  0x28: (machine) => machine.mark(),
  0x4e: (machine) => machine.push(null),
  0x88: (machine) => machine.push(true),
  0x89: (machine) => machine.push(false),
  0x4a: (machine) => machine.push(machine.take(4).readInt32LE()), // BININT
  0x4b: (machine) => machine.push(machine.unsigned(1)), // BININT1
  0x4d: (machine) => machine.push(machine.unsigned(2)), // BININT2
  0x8a: (machine) => machine.push(long(machine.take(machine.unsigned(1)))), // LONG1
  0x47: (machine) => machine.push(machine.take(8).readDoubleBE()), // BINFLOAT
  0x58: (machine) => machine.push(machine.text(machine.unsigned(4))), // BINUNICODE
  0x8c: (machine) => machine.push(machine.text(machine.unsigned(1))), // SHORT_BINUNICODE
  0x29: (machine) => machine.push(tuple([])),
  0x74: (machine) => machine.push(tuple(machine.popToMark())),
  0x85: (machine) => machine.push(tuple(popped(machine, 1))),
  0x86: (machine) => machine.push(tuple(popped(machine, 2))),
  0x87: (machine) => machine.push(tuple(popped(machine, 3))),
  0x5d: (machine) => machine.push([]),
  0x61: append,
  0x65: appendAll,
  0x7d: (machine) => machine.push(new Map()),
  0x73: setItem,
  0x75: setItems,
  0x63: (machine) => machine.find(machine.line(), machine.line()), // GLOBAL
  0x93: stackGlobal,
  0x69: instance,
  0x52: reduce,
  0x62: build,
  0x51: (machine) => machine.push(machine.resolver.resolveStorage(machine.pop())), // BINPERSID
  0x71: (machine) => void machine.memo.set(machine.unsigned(1), machine.top()), // BINPUT
  0x72: (machine) => void machine.memo.set(machine.unsigned(4), machine.top()), // LONG_BINPUT
  0x94: (machine) => void machine.memo.set(machine.memo.size, machine.top()), // MEMOIZE
  0x68: (machine) => machine.recall(machine.unsigned(1)), // BINGET
  0x6a: (machine) => machine.recall(machine.unsigned(4)), // LONG_BINGET
};

function protocol(machine: Machine): void {
  const version = machine.unsigned(1);
  if (version < 2 || version > 5) throw new Error(`its index is of protocol ${version}, not 2 to 5`);
}

/** A whole number that is too large for the other forms; more than 2^53 counts nothing in a file. */
function long(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  if (bytes.length > 8) throw new Error(`its index has a number of ${bytes.length} bytes`);
  const padded = Buffer.alloc(8, bytes.at(-1)! & 0x80 ? 0xff : 0);
  padded.set(bytes);
  return Number(padded.readBigInt64LE());
}

function tuple(values: unknown[]): readonly unknown[] {
  return Object.freeze(values);
}

function popped(machine: Machine, count: number): unknown[] {
  return Array.from({ length: count }, () => machine.pop()).reverse();
}

function append(machine: Machine): void {
  const value = machine.pop();
  machine.list().push(value);
}

function appendAll(machine: Machine): void {
  const values = machine.popToMark();
  const list = machine.list();
  for (const value of values) list.push(value);
}

function setItem(machine: Machine): void {
  const [key, value] = popped(machine, 2);
  machine.dict().set(key, value);
}

function setItems(machine: Machine): void {
  const values = machine.popToMark();
  const dict = machine.dict();
  if (values.length % 2 === 1) throw new Error('its index has a key without a value');
  for (let i = 0; i < values.length; i += 2) dict.set(values[i], values[i + 1]);
}

function stackGlobal(machine: Machine): void {
  const [module, name] = popped(machine, 2);
  if (typeof module !== 'string' || typeof name !== 'string') throw new Error('its index asks for something unnamed');
  machine.find(module, name);
}

/** INST, of old protocols, is read only to say what it asks for. */
function instance(machine: Machine): void {
  machine.find(machine.line(), machine.line());
  throw new Error('its index makes an object in a way that torch.save does not');
}

/** Calls what the resolver found under a name; nothing else that a pickle makes is a function. */
function reduce(machine: Machine): void {
  const [callee, args] = popped(machine, 2);
  if (typeof callee !== 'function')
    throw new Error(`its index calls something at byte ${machine.at} that is no function`);
  if (!Array.isArray(args)) throw new Error(`its index calls something at byte ${machine.at} without arguments`);
  machine.push((callee as PickleFunction)(args));
}

/** Attributes of a dict (`_metadata`: the versions of modules) say nothing of its tensors. */
function build(machine: Machine): void {
  machine.pop();
  machine.dict();
}
