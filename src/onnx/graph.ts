import {
  ELEMENT_TYPES,
  writeAttribute,
  writeExternalTensor,
  writeTensorHead,
  writeValueInfo,
  type Attribute,
  type Dimension,
  type ElementType,
  type StoredTensor,
  type Value,
  type WriteGraph,
} from './messages.js';
import { toOlderForm } from './older-opsets.js';
import { ProtoWriter } from './proto-writer.js';

/** The versions by which the nodes of a graph are interpreted. */
export interface Dialect {
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>; // version by domain; '' is the ONNX standard
  readonly prefix: string; // of generated names, where the graph also has names of another model
}

const OWN_DIALECT: Dialect = {
  irVersion: 9, // the first with opset 19
  opsets: new Map([
    ['', 19],
    ['com.microsoft', 1],
  ]),
  prefix: '',
};

/** Parts of another model, as encoded in its file. */
export interface ModelParts {
  readonly nodes: readonly Uint8Array[];
  readonly initializers: readonly Uint8Array[];
  readonly functions: readonly Uint8Array[];
}

/** A value whose rows, along its first axis, a body takes one after the other. */
export interface ScannedValue {
  readonly value: Value;
  readonly type: ElementType;
  readonly shape: readonly number[]; // of a row
}

/** Builds an ONNX graph node by node, in the order of computation. Knows no model. */
export class Graph {
  readonly #dialect: Dialect;
  readonly #nodes: WriteGraph[] = [];
  readonly #initializers: WriteGraph[] = [];
  readonly #inputs: WriteGraph[] = [];
  readonly #outputs: WriteGraph[] = [];
  readonly #functions: Uint8Array[] = [];
  readonly #wholeNumbers = new Map<Value, readonly number[]>();
  #count = 0;

  constructor(dialect: Dialect = OWN_DIALECT) {
    this.#dialect = dialect;
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): Value {
    this.#inputs.push((graph) => graph.message(11, writeValueInfo(name, type, shape)));
    return name;
  }

  /** Declares an output of the graph. */
  output(name: string, value: Value, { type, shape }: { type: ElementType; shape: readonly Dimension[] }): void {
    this.#node('Identity', [value], { outputs: [name] });
    this.#outputs.push((graph) => graph.message(12, writeValueInfo(name, type, shape)));
  }

  /** Names a value as nodes of another model refer to it. */
  name(name: string, value: Value): void {
    this.#node('Identity', [value], { outputs: [name] });
  }

  /** Inserts parts of another model. The values that they read must have been named before. */
  splice({ nodes, initializers, functions }: ModelParts): void {
    for (const node of nodes) this.#nodes.push((graph) => graph.bytes(1, node));
    for (const tensor of initializers) this.#initializers.push((graph) => graph.bytes(5, tensor));
    this.#functions.push(...functions);
  }

  /** Adds an operator of the ONNX standard, in the form of opset 19, and returns its (first) output. */
  op(type: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    const opset = this.#dialect.opsets.get('') ?? 0;
    const older = toOlderForm({ type, inputs, attributes }, opset, (value) => this.#wholeNumbers.get(value));
    if (older !== undefined) return older(this);
    const output = this.#name(type);
    this.#node(type, inputs, { outputs: [output], attributes });
    return output;
  }

  cast(x: Value, type: ElementType): Value {
    return this.op('Cast', [x], { to: ELEMENT_TYPES[type] });
  }

  /** The `count` ([1] int64) largest values along the last axis, largest first, and their indices. */
  topK(x: Value, count: Value): readonly [values: Value, indices: Value] {
    const outputs = [this.#name('TopK'), this.#name('TopK')] as const;
    this.#node('TopK', [x, count], { outputs });
    return outputs;
  }

  /**
   * Runs a body for each row of some values (a Scan): its nodes exist once, and what a row needs is freed before the
   * next one.
   *
   * @param body - Given a graph for its nodes and the rows; it may read all values of this graph that exist by now.
   * @returns Its float32 results, [rows, ...shape].
   */
  scan(
    scanned: readonly ScannedValue[],
    shape: readonly number[],
    body: (graph: Graph, rows: readonly Value[]) => Value,
  ): Value {
    const output = this.#name('Scan');
    const inner = new Graph({ ...this.#dialect, prefix: `${output}_` });
    const rows = scanned.map((row, i) => inner.input(`${output}_row_${i}`, row.type, row.shape));
    inner.output(`${output}_result`, body(inner, rows), { type: 'float32', shape });
    const values = scanned.map(({ value }) => value);
    const graph: WriteGraph = (proto) => inner.#write(proto, output);
    this.#node('Scan', values, { outputs: [output], attributes: { num_scan_inputs: rows.length, body: { graph } } });
    return output;
  }

  /** Adds one of ONNX Runtime's own operators (domain com.microsoft). */
  contribOp(type: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    const output = this.#name(type);
    this.#node(type, inputs, { outputs: [output], attributes, domain: 'com.microsoft' });
    return output;
  }

  /** A float32 constant, row-major. */
  floats(values: readonly number[] | Float32Array, shape: readonly number[] = [values.length]): Value {
    return this.#constant('float32', shape, new Uint8Array(Float32Array.from(values).buffer));
  }

  /** An int64 constant: shapes, axes, indices. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    const name = this.#constant('int64', shape, new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer));
    this.#wholeNumbers.set(name, values);
    return name;
  }

  /** A weight that stays in its file. If its axes are in another order, it is transposed when the graph is opened. */
  stored(tensor: StoredTensor): Value {
    const { axes, shape } = tensor;
    if (axes === undefined) return this.#external(tensor);
    const stored = this.#external({ ...tensor, shape: axes.map((axis) => shape[axis]!) });
    return this.op('Transpose', [stored], { perm: axes.map((_, axis) => axes.indexOf(axis)) });
  }

  #external(tensor: StoredTensor): Value {
    const name = this.#name('weight');
    this.#initializers.push((graph) =>
      graph.message(5, (proto) => writeExternalTensor(proto, { ...tensor, name, type: ELEMENT_TYPES[tensor.type] })),
    );
    return name;
  }

  /** The graph as an ONNX ModelProto. */
  toBytes(): Uint8Array {
    const model = new ProtoWriter().int(1, this.#dialect.irVersion).string(2, 'preannotate');
    model.message(7, (graph) => this.#write(graph, 'graph'));
    for (const [domain, version] of this.#dialect.opsets) {
      model.message(8, (opset) => opset.string(1, domain).int(2, version));
    }
    for (const body of this.#functions) model.bytes(25, body);
    return model.finish();
  }

  #write(graph: ProtoWriter, name: string): void {
    for (const part of [...this.#nodes, ...this.#initializers, ...this.#inputs, ...this.#outputs]) part(graph);
    graph.string(2, name);
  }

  #name(hint: string): Value {
    return `${this.#dialect.prefix}${hint}_${this.#count++}`;
  }

  #constant(type: ElementType, shape: readonly number[], bytes: Uint8Array): Value {
    const name = this.#name('constant');
    this.#initializers.push((graph) =>
      graph.message(5, (tensor) => {
        writeTensorHead(tensor, { name, type: ELEMENT_TYPES[type], shape });
        tensor.bytes(9, bytes);
      }),
    );
    return name;
  }

  #node(
    type: string,
    inputs: readonly Value[],
    rest: { outputs: readonly Value[]; attributes?: Readonly<Record<string, Attribute>>; domain?: string },
  ): void {
    this.#nodes.push((graph) =>
      graph.message(1, (node) => {
        for (const input of inputs) node.string(1, input);
        for (const output of rest.outputs) node.string(2, output);
        node.string(3, rest.outputs[0]!).string(4, type);
        for (const [name, value] of Object.entries(rest.attributes ?? {})) {
          node.message(5, (attribute) => writeAttribute(attribute, name, value));
        }
        node.string(7, rest.domain ?? '');
      }),
    );
  }
}
