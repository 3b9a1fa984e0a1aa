import { SaxesParser } from 'saxes';
import { FileProblem } from '../reading/files/read-each.js';
import { decoderOf } from './decode.js';

/** An element of a small XML file. Elements without children have their text. */
export interface XmlElement {
  readonly name: string;
  readonly line: number; // from 1
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string; // of the element alone, as it is written
  readonly children: readonly XmlElement[];
}

const MAX_DEPTH = 64;

interface OpenElement extends XmlElement {
  text: string;
  readonly children: XmlElement[];
}

/**
 * Reads an XML file as a tree. Entities other than those of XML itself are refused with the
 * document type that would define them.
 *
 * @throws FileProblem
 */
export function readXmlTree(bytes: Uint8Array): XmlElement {
  const parser = new SaxesParser();
  const open: OpenElement[] = [{ name: '', line: 1, attributes: {}, text: '', children: [] }];
  forbidDocumentType(parser);
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > MAX_DEPTH) throw new FileProblem(`it nests elements more than ${MAX_DEPTH} deep`, parser.line);
    const element: OpenElement = { name, line: parser.line, attributes, text: '', children: [] };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('text', (text) => (open.at(-1)!.text += text));
  parser.on('cdata', (text) => (open.at(-1)!.text += text));
  parser.on('closetag', () => open.pop());
  parser.write(decode(bytes)).close();
  return open[0]!.children[0]!; // a file without an element is an error of the parser
}

/** Makes a parser throw where a file is no XML, or declares a document type. */
export function forbidDocumentType(parser: SaxesParser): void {
  parser.on('error', (error) => {
    throw new FileProblem(
      `it is not well-formed XML (${error.message.replace(/^[\d:]+ /, '').replace(/\.$/, '')})`,
      parser.line,
    );
  });
  parser.on('doctype', () => {
    throw new FileProblem('it has a document type, which is not read because it can define entities', parser.line);
  });
}

function decode(bytes: Uint8Array): string {
  const decoder = decoderOf(bytes);
  if (typeof decoder === 'string') throw new FileProblem(`it ${decoder}`);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new FileProblem(`it is not ${decoder.encoding.toUpperCase()} throughout, as it declares or should be`);
  }
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The text of the first child of that name, trimmed; undefined where it is missing or empty. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const text = childOf(element, name)?.text.trim();
  return text === '' ? undefined : text;
}
