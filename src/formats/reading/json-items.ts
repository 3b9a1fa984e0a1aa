import Assembler from 'stream-json/core/assembler.js';
import type { Token } from 'stream-json/core/parser.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { messageOf } from '../../core/errors.js';
import { dataSetError, toDataSetError } from './errors.js';
import { jsonTokenizer } from './json-tokens.js';

const CHUNK_BYTES = 1 << 16;

/** A value of a large JSON file: an item of a list at its top, or of a list that its object has under a key. */
export interface JsonItem {
  readonly list: string; // the key of the list; '' for a list at the top
  readonly index: number; // in the list, from 0
  readonly value: unknown;
}

/**
 * The items of the lists of a JSON file of any size, which is never in memory: `[…]`, or `{"images": […], …}`. What
 * else the object has is skipped.
 *
 * @param lists - Keys of the lists wanted; '' for a list at the top.
 * @param onKey - Called for each key of the object at the top.
 * @returns The items of one chunk of the file at a time, in the order of the file.
 * @throws PreannotateError DATA_SET_INVALID naming the file and the line of what is not JSON.
 */
export async function* readJsonItems(
  path: string,
  lists: readonly string[],
  onKey?: (key: string) => void,
): AsyncGenerator<readonly JsonItem[]> {
  const tokenize = jsonTokenizer();
  const items = new ItemCollector(lists, onKey);
  let chunks = 0;
  for await (const text of readText(path)) {
    try {
      items.take(tokenize(text));
    } catch (error) {
      const where = `${path}:${await findBadLine(path, chunks)}`;
      throw dataSetError({ where, problem: `it is not JSON (${messageOf(error)})` }, error);
    }
    chunks++;
    yield items.collect();
  }
  if (!items.isComplete) throw dataSetError({ where: path, problem: 'it ends in the middle: the file was cut off' });
}

/** Assembles the items of lists from tokens. */
class ItemCollector {
  readonly #lists: readonly string[];
  readonly #onKey: (key: string) => void;
  readonly #assembler = new Assembler();
  #items: JsonItem[] = [];
  #depth = 0; // of objects and arrays that are open
  #itemDepth = 0; // that holds in a list between two items; 0 outside lists that are wanted
  #list = '';
  #index = 0;
  #isStarted = false;

  constructor(lists: readonly string[], onKey: (key: string) => void = () => {}) {
    this.#lists = lists;
    this.#onKey = onKey;
  }

  get isComplete(): boolean {
    return this.#isStarted && this.#depth === 0;
  }

  collect(): readonly JsonItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  take(tokens: readonly Token[]): void {
    for (const token of tokens) {
      const { name } = token;
      const isOpening = name === 'startObject' || name === 'startArray';
      const isClosing = name === 'endObject' || name === 'endArray';
      if (isClosing) this.#depth--;
      if (this.#itemDepth > 0) {
        if (isClosing && this.#depth < this.#itemDepth) this.#itemDepth = 0;
        else this.#assemble(token);
      } else if (name === 'keyValue' && this.#depth === 1) this.#onKey((this.#list = token.value));
      else if (name === 'startArray' && this.#depth <= 1) this.#open();
      if (isOpening) this.#depth++;
      this.#isStarted = true;
    }
  }

  /** A list starts: at the top, or under a key of the object at the top. */
  #open(): void {
    const isTop = !this.#isStarted;
    if ((isTop || this.#depth === 1) && this.#lists.includes(this.#list)) {
      this.#itemDepth = this.#depth + 1;
      this.#index = 0;
    }
  }

  #assemble(token: Token): void {
    if (this.#assembler.done && 'value' in token)
      this.#push(token.value); // an item that is no object; a number as text
    else if (this.#assembler.consume(token).done) this.#push(this.#assembler.current);
  }

  #push(value: unknown): void {
    this.#items.push({ list: this.#list, index: this.#index++, value });
  }
}

/** Chunks of a text file, without its byte order mark; characters are never cut in two. */
async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    await using file = await openRegularFile(path);
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      yield decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
    }
  } catch (error) {
    throw toDataSetError(path, error);
  }
}

/** The line of the first mistake, which is in the chunk after the given number of correct ones. */
async function findBadLine(path: string, correct: number): Promise<number> {
  const tokenize = jsonTokenizer();
  let line = 1;
  let chunks = 0;
  for await (const text of readText(path)) {
    const isCorrect = chunks++ < correct;
    for (const part of text.split(/(?<=\n)/)) {
      try {
        tokenize(part);
      } catch {
        return line;
      }
      if (part.endsWith('\n')) line++;
    }
    if (!isCorrect) break;
  }
  return line;
}
