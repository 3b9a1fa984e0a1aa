import { fieldsOf, signed } from './wire.js';

/** A node of an ONNX graph, as it is in its file. */
export interface OnnxNode {
  readonly type: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[]; // '' for one that is left out; ends with what its subgraphs read from outside
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly bytes: Uint8Array; // the NodeProto
}

/** Of an attribute only the kinds that are looked at. */
interface Attribute {
  readonly int?: number;
  readonly tensor?: Buffer; // TensorProto
}

const MAX_DEPTH = 8; // of graphs within graphs

export function readNode(bytes: Buffer): OnnxNode {
  return nodeOf(bytes, 0);
}

/** NodeProto */
function nodeOf(bytes: Buffer, depth: number): OnnxNode {
  const text = { name: '', type: '', domain: '' };
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  for (const { number, type, from, to } of fieldsOf(bytes)) {
    if (type !== 2) continue;
    if (number === 1) inputs.push(bytes.toString('utf8', from, to));
    else if (number === 2) outputs.push(bytes.toString('utf8', from, to));
    else if (number === 3) text.name = bytes.toString('utf8', from, to);
    else if (number === 4) text.type = bytes.toString('utf8', from, to);
    else if (number === 7) text.domain = bytes.toString('utf8', from, to);
    else if (number === 5) {
      const { name, captured, ...attribute } = attributeOf(bytes.subarray(from, to), depth);
      attributes.set(name, attribute);
      inputs.push(...captured);
    }
  }
  if (text.domain === 'ai.onnx') text.domain = '';
  return { ...text, inputs, outputs, attributes, bytes };
}

/** AttributeProto; `captured` are the names that its graphs take from around them. */
function attributeOf(bytes: Buffer, depth: number): Attribute & { name: string; captured: readonly string[] } {
  let name = '';
  let found: Attribute = {};
  const captured: string[] = [];
  for (const { number, type, value, from, to } of fieldsOf(bytes)) {
    if (number === 1) name = bytes.toString('utf8', from, to);
    else if (number === 3 && type === 0) found = { int: signed(value) };
    else if (number === 5) found = { tensor: bytes.subarray(from, to) };
    else if (number === 6 || number === 11) captured.push(...capturedBy(bytes.subarray(from, to), depth + 1));
  }
  return { name, captured, ...found };
}

/** What a subgraph reads and does not make itself. */
function capturedBy(graph: Buffer, depth: number): string[] {
  if (depth > MAX_DEPTH) throw new Error(`graphs are nested more than ${MAX_DEPTH} deep`);
  const nodes: OnnxNode[] = [];
  for (const { number, type, from, to } of fieldsOf(graph)) {
    if (number === 1 && type === 2) nodes.push(nodeOf(graph.subarray(from, to), depth));
  }
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  return nodes.flatMap(({ inputs }) => inputs).filter((name) => !made.has(name));
}
