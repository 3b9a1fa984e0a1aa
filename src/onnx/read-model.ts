import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf, PreannotateError } from '../core/errors.js';
import { ProtoFile } from './proto-file.js';
import { readNode, type OnnxNode } from './read-node.js';
import { readInitializer, type Initializer } from './read-tensor.js';
import { readFields, toSigned, type Field } from './proto-reader.js';

/** The structure of an .onnx file. Weights of more than a kilobyte stay where they are. */
export interface OnnxModel {
  readonly path: string; // as the user gave it
  readonly file: string; // absolute, links resolved
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>; // version by domain; '' is the ONNX standard
  readonly nodes: readonly OnnxNode[]; // in the order of computation
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly inputs: ReadonlyMap<string, TensorType>;
  readonly outputs: ReadonlyMap<string, TensorType>;
  readonly functions: readonly Uint8Array[]; // FunctionProtos, as they are
}

/** The declared type of an input or an output. */
export interface TensorType {
  readonly element: number; // TensorProto.DataType; 0 if undeclared
  readonly shape: readonly (number | undefined)[]; // undefined: known only when the graph runs
}

/** A published export has 4,000 nodes; with subgraphs and 48 layers it would be 20,000. */
const MAX_NODES = 200_000;
const MAX_ENTRIES = 1_000_000; // fields of the graph, of any kind
const MAX_SMALL_BYTES = 1 << 20; // of a field that is neither a node nor a tensor
const MAX_NODE_BYTES = 64 << 20; // some exporters write constants as nodes
const MAX_TOTAL_BYTES = 512 << 20; // of everything that is kept in memory

type Draft = { -readonly [Key in keyof OnnxModel]: OnnxModel[Key] } & {
  nodes: OnnxNode[];
  initializers: Map<string, Initializer>;
  functions: Uint8Array[];
  opsets: Map<string, number>;
  inputs: Map<string, TensorType>;
  outputs: Map<string, TensorType>;
};

/**
 * Reads the structure of an ONNX model by position: the time depends on its nodes, not on its weights.
 *
 * @throws PreannotateError MODEL_INVALID naming the file, when it is truncated or not an ONNX model.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export async function readOnnx(path: string): Promise<OnnxModel> {
  try {
    const file = await realpath(path);
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe does not block
    if (!(await handle.stat()).isFile()) throw new Error('it is a folder, pipe or device, not a file');
    return await readModel(await ProtoFile.open(handle), { path, file });
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'MODEL_INVALID',
        message: `${path}: not a usable ONNX file: ${messageOf(error)}.`,
        hint: 'Download the file again: it may be truncated, or an HTML page that was saved in its place.',
      },
      error,
    );
  }
}

async function readModel(source: ProtoFile, { path, file }: { path: string; file: string }): Promise<OnnxModel> {
  const model: Draft = {
    ...{ path, file, irVersion: 0, opsets: new Map(), nodes: [], initializers: new Map() },
    ...{ inputs: new Map(), outputs: new Map(), functions: [] },
  };
  const reader = new ModelReader(source, model);
  for await (const field of source.fields(0, source.size)) await reader.modelField(field);
  if (model.nodes.length === 0) throw new Error('it has no graph');
  if (!model.opsets.has('')) throw new Error('it declares no opset');
  for (const name of model.initializers.keys()) model.inputs.delete(name); // old files list weights among the inputs
  return model;
}

/** Collects the fields of ModelProto and GraphProto into a model, and limits what it keeps in memory. */
class ModelReader {
  readonly #source: ProtoFile;
  readonly #model: Draft;
  #entries = 0;
  #bytes = 0;

  constructor(source: ProtoFile, model: Draft) {
    this.#source = source;
    this.#model = model;
  }

  async modelField(field: Field): Promise<void> {
    this.#count(0);
    if (field.number === 1 && field.type === 0) this.#model.irVersion = toSigned(field.value);
    if (field.type !== 2) return;
    if (field.number === 7) {
      for await (const part of this.#source.fields(field.from, field.to)) await this.#graphField(part);
    } else if (field.number === 8) {
      const { domain, version } = parseOpset(await this.#bytesOf(field, MAX_SMALL_BYTES));
      this.#model.opsets.set(domain, version);
    } else if (field.number === 25) this.#model.functions.push(await this.#bytesOf(field, MAX_NODE_BYTES));
  }

  async #graphField(field: Field): Promise<void> {
    this.#count(0);
    if (field.type !== 2) return;
    const { nodes, initializers, inputs, outputs, file } = this.#model;
    if (field.number === 1) {
      if (nodes.length === MAX_NODES) throw new Error(`it has more than ${MAX_NODES} nodes`);
      nodes.push(readNode(await this.#bytesOf(field, MAX_NODE_BYTES)));
    } else if (field.number === 5) {
      const tensor = await readInitializer(this.#source, field, basename(file));
      if (tensor.bytes !== undefined) this.#count(tensor.bytes.length);
      initializers.set(tensor.name, tensor);
    } else if (field.number === 11 || field.number === 12) {
      const { name, type } = parseValueInfo(await this.#bytesOf(field, MAX_SMALL_BYTES));
      (field.number === 11 ? inputs : outputs).set(name, type);
    } else if (field.number === 15) throw new Error('it has sparse weights, which are not supported');
  }

  async #bytesOf(field: Field, most: number): Promise<Buffer> {
    this.#count(field.to - field.from);
    return this.#source.bytes(field, most);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (++this.#entries > MAX_ENTRIES) throw new Error(`it has more than ${MAX_ENTRIES} entries`);
    if (this.#bytes > MAX_TOTAL_BYTES) throw new Error(`its nodes take more than ${MAX_TOTAL_BYTES} bytes`);
  }
}

/** OperatorSetIdProto */
function parseOpset(bytes: Buffer): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  for (const { number, from, to, value } of readFields(bytes)) {
    if (number === 1) domain = bytes.toString('utf8', from, to);
    if (number === 2) version = toSigned(value);
  }
  return { domain: domain === 'ai.onnx' ? '' : domain, version };
}

/** ValueInfoProto, of a tensor. */
function parseValueInfo(bytes: Buffer): { name: string; type: TensorType } {
  let name = '';
  let element = 0;
  const shape: (number | undefined)[] = [];
  for (const field of readFields(bytes)) {
    const payload = bytes.subarray(field.from, field.to);
    if (field.number === 1) name = payload.toString();
    if (field.number !== 2) continue;
    for (const tensor of submessages(payload, 1)) {
      for (const { number, value, from, to } of readFields(tensor)) {
        if (number === 1) element = toSigned(value);
        else if (number === 2) for (const size of submessages(tensor.subarray(from, to), 1)) shape.push(sizeOf(size));
      }
    }
  }
  return { name, type: { element, shape } };
}

/** TensorShapeProto.Dimension */
function sizeOf(dimension: Buffer): number | undefined {
  for (const { number, value } of readFields(dimension)) if (number === 1) return toSigned(value);
  return undefined;
}

/** The messages in one field of a message. */
function* submessages(message: Buffer, number: number): Generator<Buffer> {
  for (const field of readFields(message)) {
    if (field.number === number && field.type === 2) yield message.subarray(field.from, field.to);
  }
}
