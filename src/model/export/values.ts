import { readWholeNumbers } from '../../onnx/read-tensor.js';
import type { GraphEdges } from '../../onnx/dependencies.js';

/** Operators that give whole numbers or truth, whatever they are given. */
const RESULT_TYPES: Readonly<Record<string, number>> = {
  ...{
    Shape: 7,
    Size: 7,
    ArgMax: 7,
    NonZero: 7,
    MatMulInteger: 6,
    ConvInteger: 6,
    Greater: 9,
    Less: 9,
    Equal: 9,
    Not: 9,
  },
};

/**
 * The element type (TensorProto.DataType) of a value, followed back to where it is written down. Float32 where it is
 * not.
 */
export function findElementType(edges: GraphEdges, value: string): number {
  const { model, producerOf: makerOf } = edges;
  for (let at = value; ;) {
    const given = model.initializers.get(at)?.type ?? model.inputs.get(at)?.element;
    if (given !== undefined) return given;
    const maker = makerOf.get(at);
    const node = maker === undefined ? undefined : model.nodes[maker];
    const cast = node?.attributes.get('to')?.int;
    if (node?.type === 'Cast' && cast !== undefined) return cast;
    const result = RESULT_TYPES[node?.type ?? ''];
    if (result !== undefined) return result;
    const next = node?.inputs[node.type === 'Where' ? 1 : 0];
    if (next === undefined || next === '') return 1;
    at = next;
  }
}

/** The first number of a shape, where it is written down; undefined where it is computed when the graph runs. */
export function findLeadingNumber(edges: GraphEdges, value: string): number | undefined {
  const { model, producerOf: makerOf } = edges;
  for (let at = value; ;) {
    const constant = model.initializers.get(at)?.bytes;
    if (constant !== undefined) return readWholeNumbers(constant)?.[0];
    const maker = makerOf.get(at);
    if (maker === undefined) return undefined;
    const { type, inputs, attributes } = model.nodes[maker]!;
    if (type === 'Constant') return readConstant(attributes);
    if (type !== 'Concat' && type !== 'Unsqueeze' && type !== 'Identity' && type !== 'Cast') return undefined;
    at = inputs[0]!;
  }
}

function readConstant(attributes: ReadonlyMap<string, { int?: number; tensor?: Buffer }>): number | undefined {
  const tensor = attributes.get('value')?.tensor;
  return tensor === undefined ? attributes.get('value_int')?.int : readWholeNumbers(tensor)?.[0];
}
