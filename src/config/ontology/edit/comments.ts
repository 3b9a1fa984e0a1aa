import { Lexer } from 'yaml';

/** A part of a YAML text that comments may belong to. */
export interface Element {
  readonly id: string;
  readonly at: number; // where it begins
}

/** The comments of one element. */
export interface OwnComments {
  readonly above: readonly string[]; // comments, and '' for empty lines
  readonly behind: string; // with the space before it; '' where there is none
}

/** Comments by the element that they belong to. Each is taken once. */
export class Comments {
  readonly head: readonly string[]; // of the whole text
  readonly #above: Map<string, string[]>;
  readonly #behind: Map<string, string[]>;
  readonly #tail: readonly string[];

  constructor(parts: {
    readonly head: readonly string[];
    readonly above: Map<string, string[]>;
    readonly behind: Map<string, string[]>;
    readonly tail: readonly string[];
  }) {
    this.head = parts.head;
    this.#above = parts.above;
    this.#behind = parts.behind;
    this.#tail = parts.tail;
  }

  takeFrom(id: string): OwnComments {
    const behind = this.#behind.get(id) ?? [];
    this.#behind.delete(id);
    return { above: this.takeAbove(id), behind: behind.map((text) => ` ${text}`).join('') };
  }

  takeAbove(id: string): readonly string[] {
    const above = this.#above.get(id) ?? [];
    this.#above.delete(id);
    return above;
  }

  hasFrom(ids: readonly string[]): boolean {
    return ids.some((id) => this.#behind.has(id) || this.#above.get(id)?.some((line) => line !== ''));
  }

  /** Those that were not taken, and those at the end of the text. */
  takeRest(): readonly string[] {
    const rest = [...this.#above.values(), ...this.#behind.values()].flat().filter((line) => line !== '');
    return [...rest, ...this.#tail];
  }
}

/** Comments belong to the element below them, or to the one that they stand behind. */
export function attachComments(text: string, elements: readonly Element[]): Comments {
  const sorted = [...elements].sort((a, b) => a.at - b.at);
  const [above, behind] = [new Map<string, string[]>(), new Map<string, string[]>()];
  const before: string[] = []; // the first element
  const tail: string[] = [];
  for (const line of listLines(text)) {
    const next = sorted.findIndex(({ at }) => at > line.at);
    const last = sorted.at(next === -1 ? -1 : next - 1);
    if (next === 0) before.push(line.text);
    else if (!line.isAlone) add(behind, last!.id, line.text);
    else if (next === -1) tail.push(line.text);
    else add(above, sorted[next]!.id, line.text);
  }
  // What an empty line divides from the first element is about the whole; so is all where there is no such line.
  const split = before.includes('') ? before.lastIndexOf('') + 1 : before.length;
  for (const line of before.slice(split)) add(above, sorted[0]!.id, line);
  return new Comments({ head: before.slice(0, split), above, behind, tail });
}

function add(map: Map<string, string[]>, id: string, line: string): void {
  map.set(id, [...(map.get(id) ?? []), line]);
}

interface CommentLine {
  readonly at: number;
  readonly text: string; // '' for an empty line
  readonly isAlone: boolean; // there is nothing before it in its line
}

/** Comments and empty lines, in order. */
function listLines(text: string): CommentLine[] {
  const lines: CommentLine[] = [];
  let at = 0;
  let isScalar = false;
  let column = ''; // what is in the line so far
  for (const token of new Lexer().lex(text)) {
    if (MARKS.has(token)) {
      isScalar = token === SCALAR;
      continue;
    }
    const isText = isScalar || /^["']/.test(token);
    if (!isText && token.startsWith('#')) lines.push({ at, text: token.trimEnd(), isAlone: column.trim() === '' });
    if (!isText && /^\r?\n$/.test(token) && column.trim() === '') lines.push({ at, text: '', isAlone: true });
    const end = token.lastIndexOf('\n');
    column = end === -1 ? column + token : token.slice(end + 1);
    at += token.length;
    isScalar = false;
  }
  return lines;
}

/** What the lexer adds to the text: the begin of a document, the end of a faulty list, and of a scalar's text. */
const SCALAR = '\u001f';
const MARKS = new Set(['\u0002', '\u0018', SCALAR]);
