import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  parseDocument,
  type Document,
} from 'yaml';
import { messageOf, PreannotateError, systemCodeOf, type FailureCode } from '../core/errors.js';
import { excerpt } from '../core/text.js';
import { readAtMost } from '../disk/bounded-read.js';

/** Far more than a config file or an ontology needs; beyond it, a parser may run out of memory or stack. */
const MAX_BYTES = 1024 * 1024;
const PIPE_WAIT_MS = 5000; // for a named pipe; that of `<(command)` has its writer at once
const MAX_DEPTH = 100;
const MAX_ALIASES = 100;

const MAX_REASON_CHARACTERS = 200; // of the parser's own messages, which quote the file

export type YamlPath = readonly PropertyKey[];

/** A YAML file, read: its value, and where each part of it was written. */
export interface YamlFile {
  readonly name: string; // as messages call it
  readonly value: unknown; // null for an empty file; every key of a mapping is text
  /**
   * `name:line:column` of the item at a path, or of its nearest ancestor that was written.
   *
   * @param part - 'key' for the key that leads to the item; else the item itself.
   */
  readonly where: (path: YamlPath, part?: 'key' | 'value') => string;
  /** The scalar at a path as it was spelled, without quotes: `007`, not 7. */
  readonly spelled: (path: YamlPath) => string | undefined;
}

/** How a file is called in messages, and the code of the errors about it. */
export interface YamlOptions {
  readonly name: string;
  readonly code: FailureCode;
  readonly missingHint?: string; // what to do where there is no such file
}

/**
 * Reads one YAML document (1.2; JSON is YAML too).
 *
 * @throws PreannotateError naming file, line and column: a file that is missing, over 1 MiB, not UTF-8, nested deeper
 *   than 100, with several documents, with keys that come twice or are not text, with unknown tags or an alias bomb.
 */
export async function readYaml(path: string, options: YamlOptions): Promise<YamlFile> {
  return parseYaml(await readText(path, options), options);
}

/** Reads a text file as {@link readYaml} does. @throws PreannotateError */
export async function readText(path: string, options: YamlOptions): Promise<string> {
  const { name, code } = options;
  const bytes = await readBounded(path, options);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // takes a byte order mark away
  } catch (error) {
    throw new PreannotateError({ code, message: `${name} is not UTF-8 text.`, hint: 'Save it as UTF-8.' }, error);
  }
}

/** Reads YAML text, like {@link readYaml}. */
export function parseYaml(text: string, { name, code }: YamlOptions): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const refuse = (problems: readonly string[], hint: string, cause?: unknown) =>
    new PreannotateError({ code, message: problems.join('\n'), hint }, cause);

  if (isTooDeep(text)) throw refuse([`${name} is nested more than ${MAX_DEPTH} levels deep.`], 'Write it flatter.');
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problems = [...document.errors, ...document.warnings].map(
    ({ pos, message }) => `${at(pos[0])}: ${excerpt(message, MAX_REASON_CHARACTERS)}.`,
  );
  if (problems.length > 0)
    throw refuse(problems.slice(0, 10), 'The file is not valid YAML there; check indentation, quotes and colons.');
  const keyProblems = checkKeys(document.contents, at);
  if (keyProblems.length > 0)
    throw refuse(keyProblems, 'Every key must be text and come once; put quotes around it where needed.');
  const where: YamlFile['where'] = (path, part = 'value') => at(findOffset(document, path, part));
  try {
    const value = document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    return { name, value, where, spelled: (path) => spelledAt(document, path) };
  } catch (error) {
    const problem = `${name}: ${messageOf(error)}.`;
    throw refuse([problem], 'Write the repeated parts out instead of using so many aliases (*name).', error);
  }
}

/** Reads at most the limit, so that a pipe or a device cannot fill the memory. */
async function readBounded(path: string, { name, code, missingHint }: YamlOptions): Promise<Uint8Array> {
  try {
    const bytes = await readAtMost(path, { limitBytes: MAX_BYTES, waitMs: PIPE_WAIT_MS });
    if (bytes.length <= MAX_BYTES) return bytes;
  } catch (error) {
    const isMissing = systemCodeOf(error) === 'ENOENT';
    const reason = isMissing ? 'there is no such file' : messageOf(error);
    const hint = (isMissing ? missingHint : undefined) ?? 'Check the path and its permissions.';
    throw new PreannotateError({ code, message: `${name}: ${reason}.`, hint }, error);
  }
  throw new PreannotateError({
    code,
    message: `${name} is larger than 1 MiB.`,
    hint: 'This does not look like the right file.',
  });
}

/**
 * Measures nesting without recursion. Composing 20,000 levels overflowed the stack inside a regular expression, which
 * ends the process instead of throwing.
 */
function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme)); // drives it; only the stack is wanted
    if (parser.stack.length > MAX_DEPTH + 1) return true; // one of them is the document itself
  }
  return false;
}

/**
 * Keys that are not text, and keys that come twice. The parser's own check compares each key with all others. Below
 * `names`, as in the data.yaml of YOLO data sets, keys may be whole numbers.
 */
function checkKeys(root: unknown, at: (offset: number) => string): string[] {
  const problems: string[] = [];
  const visit = (node: unknown, parent?: unknown) => {
    if (isSeq(node)) node.items.forEach((item) => visit(item));
    if (!isMap(node)) return;
    const seen = new Map<string, number>();
    for (const { key, value } of node.items) {
      const offset = startOf(key) ?? startOf(node)!;
      const text = textOf(key, parent === 'names');
      if (text === undefined) {
        problems.push(`${at(offset)}: ${describeKey(key)} is not text; write it in quotes.`);
      } else if (seen.has(text)) {
        problems.push(`${at(offset)}: the key "${excerpt(text)}" comes twice; first at ${at(seen.get(text)!)}.`);
      } else {
        seen.set(text, offset);
      }
      visit(value, text);
    }
  };
  visit(root);
  return problems;
}

function textOf(key: unknown, numbersToo: boolean): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  return numbersToo && Number.isSafeInteger(key.value) ? String(key.value) : undefined;
}

function describeKey(key: unknown): string {
  if (!isScalar(key)) return 'a key that is a list, a mapping or an alias';
  return key.value === null ? 'an empty key' : `the key ${excerpt(key.source ?? '')}`;
}

/** Follows a path as far as it was written. */
function findOffset(document: Document.Parsed, path: YamlPath, part: 'key' | 'value'): number {
  let offset = startOf(document.contents) ?? 0;
  let node: unknown = document.contents;
  for (const [i, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && (key.value === step || String(key.value) === step))
      : undefined;
    const item: unknown = isSeq(node) ? node.items[Number(step)] : pair?.value;
    const keyOffset = pair && startOf(pair.key);
    const isWanted = part === 'key' && i === path.length - 1;
    const found = isWanted ? (keyOffset ?? startOf(item)) : (writtenAt(item) ?? keyOffset ?? startOf(item));
    if (found === undefined) return offset;
    offset = found;
    node = item;
  }
  return offset;
}

function spelledAt(document: Document.Parsed, path: YamlPath): string | undefined {
  const node = document.getIn(path, true);
  return isScalar(node) ? node.source : undefined;
}

/** Where a value begins; undefined for one left out, which YAML places at the start of what follows. */
function writtenAt(item: unknown): number | undefined {
  return isScalar(item) && item.value === null && item.source === '' ? undefined : startOf(item);
}

function startOf(item: unknown): number | undefined {
  return isNode(item) ? item.range?.[0] : undefined;
}
