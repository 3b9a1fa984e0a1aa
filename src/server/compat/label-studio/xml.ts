import { XMLParser } from 'fast-xml-parser';

/** An element of a labelling config; text between elements is left out, as Label Studio leaves it out. */
export interface XmlElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>; // ask with Object.hasOwn: names are a stranger's
  readonly children: readonly XmlElement[];
}

/** A thousand labels with all their attributes take 100 KB. */
const MAX_CHARACTERS = 256 * 1024;
const MAX_DEPTH = 64;
const MAX_ENTITIES = 10_000; // &amp; and the like; there are no others without a DOCTYPE

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
 * Reads XML that a stranger sent: no document type, so no entities of its own, and limits of size and depth.
 *
 * @returns The root element; for what cannot be read, why, in words that follow "it".
 */
export function parseXml(text: string): XmlElement | string {
  if (text.length > MAX_CHARACTERS) return `has more than ${MAX_CHARACTERS} characters`;
  if (/<!DOCTYPE/i.test(text)) return 'has a document type, which is not allowed';
  let nodes: readonly RawNode[];
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the package it names for this is the same code once more
    nodes = parser.parse(text, true) as readonly RawNode[]; // true: what is not well-formed is an error
  } catch {
    return `is not well-formed XML, or is nested more than ${MAX_DEPTH} levels deep`; // the parser's words would quote it
  }
  const [root, ...others] = nodes.flatMap(elementOf);
  return root === undefined || others.length > 0 ? 'does not have one root element' : root;
}

/** As the parser gives it: one key that is the tag, with the children, and one with the attributes. */
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

/** An attribute that is there and not empty. */
export function readAttribute({ attributes }: XmlElement, name: string): string | undefined {
  const value = Object.hasOwn(attributes, name) ? attributes[name]!.trim() : '';
  return value === '' ? undefined : value;
}
