import type { ProtoWriter } from './proto-writer.js';

/** Element types and their numbers in ONNX (TensorProto.DataType). */
export const ELEMENT_TYPES = { float32: 1, uint8: 2, int8: 3, int64: 7, float16: 10, bfloat16: 16 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

/** A tensor stored in another file, which ONNX Runtime maps into memory when it opens the graph. */
export interface StoredTensor {
  readonly file: string; // its name, in the weights folder of the session
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly offset: number; // bytes from the start of the file
  readonly sizeBytes: number;
  readonly axes?: readonly number[]; // outermost first, as they are in the file; default: their own order
}

/** A value in a graph: the output of a node, an input or a weight. */
export type Value = string & { readonly kind?: 'value' };
export type Dimension = number | string; // a name stands for a size that is known only when the graph runs
/** Writes the fields of a GraphProto. */
export type WriteGraph = (graph: ProtoWriter) => void;
/** Of a node: whole numbers are INT, lists INTS, `{ float }` FLOAT, `{ graph }` GRAPH. */
export type Attribute =
  number | readonly number[] | string | { readonly float: number } | { readonly graph: WriteGraph };

/** AttributeProto */
export function writeAttribute(attribute: ProtoWriter, name: string, value: Attribute): void {
  attribute.string(1, name);
  if (typeof value === 'number') attribute.int(3, value).int(20, 2);
  else if (typeof value === 'string') attribute.string(4, value).int(20, 3);
  else if ('float' in value) attribute.float(2, value.float).int(20, 1);
  else if ('graph' in value) attribute.message(6, value.graph).int(20, 5);
  else {
    for (const item of value) attribute.int(8, item);
    attribute.int(20, 7);
  }
}

/** TensorProto of values that are stored in a file; `type` is a TensorProto.DataType. */
export function writeExternalTensor(
  proto: ProtoWriter,
  tensor: Omit<StoredTensor, 'type' | 'sizeBytes'> & { name: string; type: number; sizeBytes?: number | undefined },
): void {
  writeTensorHead(proto, tensor);
  const { file: location, offset, sizeBytes } = tensor;
  const length = sizeBytes === undefined ? {} : { length: String(sizeBytes) };
  for (const [key, value] of Object.entries({ location, offset: String(offset), ...length })) {
    proto.message(13, (entry) => entry.string(1, key).string(2, value));
  }
  proto.int(14, 1); // data_location: EXTERNAL
}

export function writeTensorHead(
  proto: ProtoWriter,
  tensor: { name: string; type: number; shape: readonly number[] },
): void {
  for (const size of tensor.shape) proto.int(1, size);
  proto.int(2, tensor.type).string(8, tensor.name);
}

export function writeValueInfo(
  name: string,
  type: ElementType,
  shape: readonly Dimension[],
): (info: ProtoWriter) => void {
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
