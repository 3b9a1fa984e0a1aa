import { readFields, toSigned } from './proto-reader.js';

/** A node of an ONNX graph, as in its file. */
export interface OnnxNode {
  readonly type: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[]; // '' for an omitted one; followed by the values that its subgraphs capture
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly bytes: Uint8Array; // the NodeProto
}

/** The kinds of attribute values that the tool reads. */
interface Attribute {
  readonly int?: number;
  readonly tensor?: Buffer; // TensorProto
}

const MAX_DEPTH = 8; // of nested graphs

export function readNode(bytes: Buffer): OnnxNode {
  return parseNode(bytes, 0);
}

/** NodeProto */
function parseNode(bytes: Buffer, depth: number): OnnxNode {
  const text = { name: '', type: '', domain: '' };
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  for (const { number, type, from, to } of readFields(bytes)) {
    if (type !== 2) continue;
    if (number === 1) inputs.push(bytes.toString('utf8', from, to));
    else if (number === 2) outputs.push(bytes.toString('utf8', from, to));
    else if (number === 3) text.name = bytes.toString('utf8', from, to);
    else if (number === 4) text.type = bytes.toString('utf8', from, to);
    else if (number === 7) text.domain = bytes.toString('utf8', from, to);
    else if (number === 5) {
      const { name, captured, ...attribute } = parseAttribute(bytes.subarray(from, to), depth);
      attributes.set(name, attribute);
      inputs.push(...captured);
    }
  }
  if (text.domain === 'ai.onnx') text.domain = '';
  return { ...text, inputs, outputs, attributes, bytes };
}

/** AttributeProto; `captured` are the values that its subgraphs take from the enclosing graph. */
function parseAttribute(bytes: Buffer, depth: number): Attribute & { name: string; captured: readonly string[] } {
  let name = '';
  let found: Attribute = {};
  const captured: string[] = [];
  for (const { number, type, value, from, to } of readFields(bytes)) {
    if (number === 1) name = bytes.toString('utf8', from, to);
    else if (number === 3 && type === 0) found = { int: toSigned(value) };
    else if (number === 5) found = { tensor: bytes.subarray(from, to) };
    else if (number === 6 || number === 11) captured.push(...findCaptured(bytes.subarray(from, to), depth + 1));
  }
  return { name, captured, ...found };
}

/** The values that a subgraph reads but does not compute. */
function findCaptured(graph: Buffer, depth: number): string[] {
  if (depth > MAX_DEPTH) throw new Error(`graphs are nested more than ${MAX_DEPTH} deep`);
  const nodes: OnnxNode[] = [];
  for (const { number, type, from, to } of readFields(graph)) {
    if (number === 1 && type === 2) nodes.push(parseNode(graph.subarray(from, to), depth));
  }
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  return nodes.flatMap(({ inputs }) => inputs).filter((name) => !made.has(name));
}
