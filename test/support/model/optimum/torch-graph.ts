import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint } from '../../../../src/model/checkpoint/checkpoint.js';
import { toFloat32 } from '../../../../src/model/quantise/read-tensor.js';
import { Graph } from '../../../../src/onnx/graph.js';
import type { Value } from '../../../../src/onnx/messages.js';
import { ProtoWriter } from '../../../../src/onnx/proto-writer.js';
import { halfOf } from './half.js';

export type Kind = 'fp32' | 'fp16' | 'int8';

/** How an export is made. */
export interface ExportOptions {
  readonly opset: 11 | 14 | 17;
  readonly kind: Kind;
  readonly batch: number | 'any'; // a number: sizes that the original computes in NumPy are constants, as Optimum warns
  readonly constants: 'nodes' | 'initializers';
  readonly textFirst: boolean;
}

type Size = number | Value; // a scalar int64 where it is computed

/** Writes what `torch.onnx.export` writes: shapes made of scalars, weights as [inputs, outputs], all in one file. */
export class TorchGraph {
  readonly graph: Graph;
  readonly options: ExportOptions;
  readonly #tensors: ReadonlyMap<string, { shape: readonly number[]; values: Float32Array }>;
  #count = 0;

  constructor(checkpoint: Checkpoint, options: ExportOptions) {
    this.options = options;
    const opsets = new Map([['', options.opset]]);
    this.graph = new Graph({ irVersion: options.opset < 14 ? 6 : 8, opsets, prefix: '/owlvit/' });
    this.#tensors = floatTensors(checkpoint);
  }

  get float(): number {
    return this.options.kind === 'fp16' ? 10 : 1;
  }

  op(type: string, inputs: readonly Value[], attributes: Parameters<Graph['op']>[2] = {}): Value {
    return this.graph.op(type, inputs, attributes);
  }

  /** A weight of the checkpoint. */
  weight(name: string): Value {
    const { shape, values } = this.#tensor(name);
    return this.#initializer(name, { type: this.float, shape, bytes: this.#floatBytes(values) });
  }

  /** A float, or several, in the type that the model computes in. */
  floats(values: readonly number[], shape: readonly number[] = []): Value {
    return this.#constant({ type: this.float, shape, bytes: this.#floatBytes(Float32Array.from(values)) });
  }

  double(value: number): Value {
    return this.#constant({ type: 11, shape: [], bytes: new Uint8Array(Float64Array.of(value).buffer) });
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    const bytes = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    return this.#constant({ type: 7, shape, bytes });
  }

  int(value: number): Value {
    return this.ints([value], []);
  }

  /** `x.shape[axis]` */
  size(x: Value, axis: number): Value {
    return this.op('Gather', [this.op('Shape', [x]), this.int(axis)], { axis: 0 });
  }

  /** Sizes as one shape: constants where all are known, else each unsqueezed and all concatenated. */
  shape(sizes: readonly Size[]): Value {
    if (sizes.every((size) => typeof size === 'number')) return this.ints(sizes);
    const parts = sizes.map((size) => this.unsqueeze(typeof size === 'number' ? this.int(size) : size, [0]));
    return this.op('Concat', parts, { axis: 0 });
  }

  reshape(x: Value, sizes: readonly Size[]): Value {
    return this.op('Reshape', [x, this.shape(sizes)]);
  }

  /** `x.expand(sizes)`, where -1 keeps a size. */
  expand(x: Value, sizes: readonly Size[]): Value {
    const shape = this.shape(sizes);
    const ones = this.op('Expand', [this.ints([1]), this.ints([sizes.length])]);
    const keeps = this.op('Equal', [shape, this.op('Mul', [ones, this.int(-1)])]);
    return this.op('Expand', [x, this.op('Where', [keeps, ones, shape])]);
  }

  /** Axes are given as the opset has them; the graph writer knows only constants of its own. */
  unsqueeze(x: Value, axes: readonly number[]): Value {
    return this.op('Unsqueeze', [x, this.graph.ints(axes)]);
  }

  /** `x[:, from:to]` */
  slice(x: Value, from: number, to: Value): Value {
    return this.op('Slice', [x, this.ints([from]), to, this.ints([1]), this.ints([1])]);
  }

  cast(x: Value, to: number): Value {
    return this.op('Cast', [x], { to });
  }

  linear(x: Value, name: string, bias = true): Value {
    const { shape, values } = this.#tensor(`${name}.weight`);
    const [outputs, inputs] = shape as [number, number];
    const matrix = transposed(values, outputs, inputs);
    const product =
      this.options.kind === 'int8'
        ? this.#integerProduct('MatMulInteger', x, this.#quantised(`${name}.weight`, matrix, [inputs, outputs]))
        : this.op('MatMul', [
            x,
            this.#initializer(`onnx::MatMul_${this.#count++}`, {
              ...{ type: this.float, shape: [inputs, outputs], bytes: this.#floatBytes(matrix) },
            }),
          ]);
    return bias ? this.op('Add', [this.weight(`${name}.bias`), product]) : product;
  }

  convolution(x: Value, name: string, patch: number): Value {
    const { shape, values } = this.#tensor(name);
    const attributes = { kernel_shape: [patch, patch], strides: [patch, patch] };
    if (this.options.kind !== 'int8') return this.op('Conv', [x, this.weight(name)], attributes);
    return this.#integerProduct('ConvInteger', x, this.#quantised(name, values, shape), attributes);
  }

  /** Rows of a table. */
  embedding(name: string, ids: Value): Value {
    if (this.options.kind !== 'int8') return this.op('Gather', [this.weight(name), ids]);
    const { shape, values } = this.#tensor(name);
    const { matrix, scale, zero } = this.#quantised(name, values, shape);
    return this.op('DequantizeLinear', [this.op('Gather', [matrix, ids]), scale, zero]);
  }

  #integerProduct(
    type: string,
    x: Value,
    weight: { matrix: Value; scale: Value; zero: Value },
    attributes: Parameters<Graph['op']>[2] = {},
  ): Value {
    const [levels, scale, zero] = ['levels', 'scale', 'zero'].map((part) => `dynamic_${this.#count++}_${part}`) as [
      string,
      string,
      string,
    ];
    this.#node('DynamicQuantizeLinear', [x], [levels, scale, zero]);
    const sums = this.cast(this.op(type, [levels, weight.matrix, zero, weight.zero], attributes), 1);
    return this.op('Mul', [sums, this.op('Mul', [scale, weight.scale])]);
  }

  /** 8 bits without a sign, one scale a tensor, as `quantize_dynamic` does it. */
  #quantised(name: string, values: Float32Array, shape: readonly number[]) {
    const low = values.reduce((a, b) => Math.min(a, b), 0);
    const high = values.reduce((a, b) => Math.max(a, b), 0);
    const scale = (high - low) / 255;
    const zero = Math.round(-low / scale);
    const bytes = Uint8Array.from(values, (v) => Math.min(255, Math.max(0, Math.round(v / scale) + zero)));
    return {
      matrix: this.#initializer(`${name}_quantized`, { type: 2, shape, bytes }),
      scale: this.#initializer(`${name}_scale`, {
        type: 1,
        shape: [],
        bytes: new Uint8Array(Float32Array.of(scale).buffer),
      }),
      zero: this.#initializer(`${name}_zero_point`, { type: 2, shape: [], bytes: Uint8Array.of(zero) }),
    };
  }

  #tensor(name: string) {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`no tensor "${name}"`);
    return tensor;
  }

  #floatBytes(values: Float32Array): Uint8Array {
    if (this.options.kind === 'fp16') return new Uint8Array(Uint16Array.from(values, halfOf).buffer);
    return new Uint8Array(Float32Array.from(values).buffer);
  }

  #constant(tensor: TensorContent): Value {
    const name = `/Constant_${this.#count++}_output_0`;
    if (this.options.constants === 'initializers') return this.#initializer(name, tensor);
    const node = new ProtoWriter().string(2, name).string(3, name).string(4, 'Constant');
    node.message(5, (attribute) => attribute.string(1, 'value').bytes(5, tensorBytes('', tensor)).int(20, 4));
    this.graph.splice({ nodes: [node.finish()], initializers: [], functions: [] });
    return name;
  }

  readonly #written = new Set<string>();
  #initializer(name: string, tensor: TensorContent): Value {
    if (!this.#written.has(name)) {
      this.graph.splice({ nodes: [], initializers: [tensorBytes(name, tensor)], functions: [] });
    }
    this.#written.add(name);
    return name;
  }

  #node(type: string, inputs: readonly Value[], outputs: readonly Value[]): void {
    const node = new ProtoWriter();
    for (const input of inputs) node.string(1, input);
    for (const output of outputs) node.string(2, output);
    this.graph.splice({ nodes: [node.string(4, type).finish()], initializers: [], functions: [] });
  }
}

interface TensorContent {
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** TensorProto with raw data. */
function tensorBytes(name: string, { type, shape, bytes }: TensorContent): Uint8Array {
  const tensor = new ProtoWriter();
  for (const size of shape) tensor.int(1, size);
  tensor.int(2, type);
  if (name !== '') tensor.string(8, name);
  return tensor.bytes(9, bytes).finish();
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = values[row * columns + column]!;
  }
  return turned;
}

function floatTensors({ tensors, weightsFolder }: Checkpoint) {
  return new Map(
    [...tensors].map(([name, { file, type, shape, offset, sizeBytes }]) => {
      const bytes = Uint8Array.from(readFileSync(join(weightsFolder, file)).subarray(offset, offset + sizeBytes));
      return [name, { shape, values: toFloat32(bytes, type) }];
    }),
  );
}
