import { olderForm } from './opsets.js';
import { ProtoWriter } from './proto.js';

/** Element types, as ONNX numbers them (TensorProto.DataType). */
export const ELEMENT_TYPES = { float32: 1, uint8: 2, int8: 3, int64: 7, float16: 10, bfloat16: 16 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

/** A tensor stored in another file, which ONNX Runtime maps into memory when it opens the graph. */
export interface StoredTensor {
  readonly file: string; // its name, in the folder that the session is told of
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly offset: number; // bytes from the start of the file
  readonly sizeBytes: number;
  readonly axes?: readonly number[]; // from the outermost to the innermost in the file; in their own order if left out
}

/** A value in a graph: the output of a node, an input or a weight. */
export type Value = string & { readonly kind?: 'value' };
type Dimension = number | string; // a name stands for a size that is known only when the graph runs
export type Attribute = number | readonly number[] | string | { readonly float: number };

/** What the nodes of a graph are to be read as. */
export interface Dialect {
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>; // version by domain; '' is the ONNX standard
  readonly prefix: string; // of the names made here, where there are others in the graph
}

const OWN_DIALECT: Dialect = {
  irVersion: 9, // the first with opset 19
  opsets: new Map([
    ['', 19],
    ['com.microsoft', 1],
  ]),
  prefix: '',
};

/** Parts of another model, as they are in its file. */
export interface Foreign {
  readonly nodes: readonly Uint8Array[];
  readonly initializers: readonly Uint8Array[];
  readonly functions: readonly Uint8Array[];
}

/** Builds an ONNX graph node by node, in the order of computation. Knows no model. */
export class Graph {
  readonly #dialect: Dialect;
  readonly #nodes: ((graph: ProtoWriter) => void)[] = [];
  readonly #initializers: ((graph: ProtoWriter) => void)[] = [];
  readonly #inputs: ((graph: ProtoWriter) => void)[] = [];
  readonly #outputs: ((graph: ProtoWriter) => void)[] = [];
  readonly #functions: Uint8Array[] = [];
  readonly #wholeNumbers = new Map<Value, readonly number[]>();
  #count = 0;

  constructor(dialect: Dialect = OWN_DIALECT) {
    this.#dialect = dialect;
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): Value {
    this.#inputs.push((graph) => graph.message(11, valueInfo(name, type, shape)));
    return name;
  }

  /** Gives a value to whoever runs the graph. */
  output(name: string, value: Value, { type, shape }: { type: ElementType; shape: readonly Dimension[] }): void {
    this.#node('Identity', [value], { outputs: [name] });
    this.#outputs.push((graph) => graph.message(12, valueInfo(name, type, shape)));
  }

  /** Gives a value the name that nodes of another model know it by. */
  named(name: string, value: Value): void {
    this.#node('Identity', [value], { outputs: [name] });
  }

  /** Puts in a part of another model. What it reads must have been given its names. */
  splice({ nodes, initializers, functions }: Foreign): void {
    for (const node of nodes) this.#nodes.push((graph) => graph.bytes(1, node));
    for (const tensor of initializers) this.#initializers.push((graph) => graph.bytes(5, tensor));
    this.#functions.push(...functions);
  }

  /** Adds an operator of the ONNX standard, written as opset 19 has it, and returns its (first) output. */
  op(type: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    const opset = this.#dialect.opsets.get('') ?? 0;
    const older = olderForm({ type, inputs, attributes }, opset, (value) => this.#wholeNumbers.get(value));
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

  /** A weight that stays in its own file. One with its axes in another order is turned when the graph is opened. */
  stored(tensor: StoredTensor): Value {
    const { axes, shape } = tensor;
    if (axes === undefined) return this.#external(tensor);
    const stored = this.#external({ ...tensor, shape: axes.map((axis) => shape[axis]!) });
    return this.op('Transpose', [stored], { perm: axes.map((_, axis) => axes.indexOf(axis)) });
  }

  #external(tensor: StoredTensor): Value {
    const name = this.#name('weight');
    this.#initializers.push((graph) =>
      graph.message(5, (proto) => externalTensor(proto, { ...tensor, name, type: ELEMENT_TYPES[tensor.type] })),
    );
    return name;
  }

  /** The whole as an ONNX ModelProto. */
  toBytes(): Uint8Array {
    const model = new ProtoWriter().int(1, this.#dialect.irVersion).string(2, 'preannotate');
    model.message(7, (graph) => {
      for (const part of [...this.#nodes, ...this.#initializers, ...this.#inputs, ...this.#outputs]) part(graph);
      graph.string(2, 'graph');
    });
    for (const [domain, version] of this.#dialect.opsets) {
      model.message(8, (opset) => opset.string(1, domain).int(2, version));
    }
    for (const body of this.#functions) model.bytes(25, body);
    return model.finish();
  }

  #name(hint: string): Value {
    return `${this.#dialect.prefix}${hint}_${this.#count++}`;
  }

  #constant(type: ElementType, shape: readonly number[], bytes: Uint8Array): Value {
    const name = this.#name('constant');
    this.#initializers.push((graph) =>
      graph.message(5, (tensor) => {
        tensorHead(tensor, { name, type: ELEMENT_TYPES[type], shape });
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

/** AttributeProto: whole numbers are INT, lists INTS, `{ float }` FLOAT. */
function writeAttribute(attribute: ProtoWriter, name: string, value: Attribute): void {
  attribute.string(1, name);
  if (typeof value === 'number') attribute.int(3, value).int(20, 2);
  else if (typeof value === 'string') attribute.string(4, value).int(20, 3);
  else if ('float' in value) attribute.float(2, value.float).int(20, 1);
  else {
    for (const item of value) attribute.int(8, item);
    attribute.int(20, 7);
  }
}

/** TensorProto of values that lie in a file; `type` is a TensorProto.DataType. */
export function externalTensor(
  proto: ProtoWriter,
  tensor: Omit<StoredTensor, 'type' | 'sizeBytes'> & { name: string; type: number; sizeBytes?: number | undefined },
): void {
  tensorHead(proto, tensor);
  const { file: location, offset, sizeBytes } = tensor;
  const length = sizeBytes === undefined ? {} : { length: String(sizeBytes) };
  for (const [key, value] of Object.entries({ location, offset: String(offset), ...length })) {
    proto.message(13, (entry) => entry.string(1, key).string(2, value));
  }
  proto.int(14, 1); // data_location: EXTERNAL
}

function tensorHead(proto: ProtoWriter, tensor: { name: string; type: number; shape: readonly number[] }): void {
  for (const size of tensor.shape) proto.int(1, size);
  proto.int(2, tensor.type).string(8, tensor.name);
}

function valueInfo(name: string, type: ElementType, shape: readonly Dimension[]): (info: ProtoWriter) => void {
  const dimensions = (proto: ProtoWriter) => {
    for (const size of shape) {
      proto.message(1, (dimension) => (typeof size === 'number' ? dimension.int(1, size) : dimension.string(2, size)));
    }
  };
  return (info) =>
    info
      .string(1, name)
      .message(2, (typeProto) =>
        typeProto.message(1, (tensor) => tensor.int(1, ELEMENT_TYPES[type]).message(2, dimensions)),
      );
}
