import { XMLParser } from 'fast-xml-parser';

/** An element of a labelling config, without the text between elements, which Label Studio ignores too. */
export interface XmlElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>; // read with Object.hasOwn: names are untrusted
  readonly children: readonly XmlElement[];
}

/** A thousand labels with all their attributes take 100 KB. */
const MAX_CHARACTERS = 256 * 1024;
const MAX_DEPTH = 64;
const MAX_ENTITIES = 10_000; // such as &amp;; without a DOCTYPE there are no custom ones

const ATTRIBUTES = ':@';
const TEXT = '#text';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: { enabled: true, maxTotalExpansions: MAX_ENTITIES },
  htmlEntities: true, // numbered ones among them
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
});

/**
 * Reads XML of untrusted clients: no document type and therefore no custom entities, and limits of size and depth.
 *
 * @returns The root element; for an invalid text the reason, worded to follow "it".
 */
export function parseXml(text: string): XmlElement | string {
  if (text.length > MAX_CHARACTERS) return `has more than ${MAX_CHARACTERS} characters`;
  if (/<!DOCTYPE/i.test(text)) return 'has a document type, which is not allowed';
  let nodes: readonly RawNode[];
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the package it recommends is the same code
    nodes = parser.parse(text, true) as readonly RawNode[]; // true: what is not well-formed is an error
  } catch {
    // without the parser's own message, which would quote the text
    return `is not well-formed XML, or is nested more than ${MAX_DEPTH} levels deep`;
  }
  const [root, ...others] = nodes.flatMap(elementOf);
  return root === undefined || others.length > 0 ? 'does not have one root element' : root;
}

/** A node of the parser: one key is the tag, with the children, and another one has the attributes. */
type RawNode = Readonly<Record<string, unknown>>;

function elementOf(node: RawNode): XmlElement[] {
  const tag = Object.keys(node).find((key) => key !== ATTRIBUTES && key !== TEXT);
  if (tag === undefined) return [];
  const attributes = (node[ATTRIBUTES] ?? {}) as XmlElement['attributes'];
  return [{ tag, attributes, children: (node[tag] as readonly RawNode[]).flatMap(elementOf) }];
}

/** Every element below one, in the order of the text. */
export function descendantsOf({ children }: XmlElement): XmlElement[] {
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The value of an attribute, trimmed; undefined for a missing or empty one. */
export function readAttribute({ attributes }: XmlElement, name: string): string | undefined {
  const value = Object.hasOwn(attributes, name) ? attributes[name]!.trim() : '';
  return value === '' ? undefined : value;
}
