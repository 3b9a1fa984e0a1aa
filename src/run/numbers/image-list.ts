import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, systemCodeOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { replaceFile } from '../../disk/atomic.js';
import { formatLine, parseLineBytes } from '../../disk/checked-line.js';
import { readLineBytes } from '../../disk/lines.js';
import { NumberSet } from '../entries/number-set.js';
import { isPositiveInteger } from '../record.js';

const Head = z.object({ images: z.int().nonnegative() }); // so that missing lines are noticed
const Image = z.object({ image: z.string(), id: z.int().positive() });

/** `.preannotate/images.jsonl`: the number of every image, as far as it can be read. */
export interface ImageList {
  readonly path: string;
  readonly images: ReadonlyMap<string, number>; // numbers by name; lines that can be trusted
  readonly lineOf: (name: string) => number; // of an image; from 1
  /** `strings`: of version 0.1, a name per line, numbered by line, without checksums. */
  readonly form: 'missing' | 'strings' | 'checked';
  readonly problem: string | undefined; // the first thing that is wrong, with file and line
}

/** images/listing/list-files.ts recognises output folders by this file. */
export function listPath(outDir: string): string {
  return join(outDir, '.preannotate', 'images.jsonl');
}

/**
 * Reads the list, and leaves out what is damaged.
 *
 * @param own - Gives a string that is in memory already for a name, where there is one.
 */
export async function readImageList(outDir: string, own = (name: string) => name): Promise<ImageList> {
  const path = listPath(outDir);
  const reader = new ListReader(own);
  const lineOf = (name: string) => reader.lineOf(name);
  let problem: string | undefined;
  try {
    for await (const lines of readLineBytes(path)) {
      for (const { content, number, complete } of lines) {
        const wrong = complete ? reader.add(content, number) : 'the line is not complete';
        if (wrong !== undefined) problem ??= `${printable(path)}:${number}: ${wrong}`;
      }
    }
    const missing = reader.end();
    if (missing !== undefined) problem ??= `${printable(path)}: ${missing}`;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT')
      return { path, images: new Map(), lineOf, form: 'missing', problem: undefined };
    problem = `${printable(path)} cannot be read: ${printable(messageOf(error))}`;
  }
  const { form, images } = reader;
  // Without checksums, a damaged line may have moved all that follow.
  return { path, images: form === 'strings' && problem !== undefined ? new Map() : images, lineOf, form, problem };
}

/** Takes the lines of a list in, and finds what is wrong with them. */
class ListReader {
  readonly images = new Map<string, number>();
  form: 'strings' | 'checked' = 'checked';
  readonly #own: (name: string) => string;
  readonly #ids = new NumberSet();
  readonly #others: number[] = []; // lines without an image
  #size: number | undefined;

  constructor(own: (name: string) => string) {
    this.#own = own;
  }

  /** @returns What is wrong with the line. */
  add(line: Buffer, number: number): string | undefined {
    const size = this.images.size;
    const wrong = this.#add(line, number);
    if (this.images.size === size) this.#others.push(number);
    return wrong;
  }

  /** For messages: it is not kept for each of a million images. */
  lineOf(name: string): number {
    let line = [...this.images.keys()].indexOf(name) + 1;
    for (const other of this.#others) if (other <= line) line++;
    return line;
  }

  #add(line: Buffer, number: number): string | undefined {
    if (number === 1 && line.toString('utf8', 0, 1) === '"') this.form = 'strings';
    if (this.form === 'strings') return this.#addImage(parseName(line.toString()), number);
    const value = parseLineBytes(line);
    if (value === undefined) return 'the line was changed after it was written (its checksum differs)';
    if (number === 1) {
      this.#size = Head.safeParse(value).data?.images;
      return this.#size === undefined ? 'the first line does not give the number of images' : undefined;
    }
    const { image, id } = value as { image?: unknown; id?: unknown };
    if (typeof image === 'string' && isPositiveInteger(id)) return this.#addImage(image, id);
    const { data } = Image.safeParse(value);
    return this.#addImage(data?.image, data?.id);
  }

  /** @returns What the whole list lacks. */
  end(): string | undefined {
    if (this.form === 'strings' || this.#size === this.images.size) return undefined;
    return `it has ${this.images.size} images instead of ${this.#size ?? 'a number in its first line'}`;
  }

  #addImage(name: string | undefined, id: number | undefined): string | undefined {
    if (name === undefined || id === undefined) return 'the line is not that of an image';
    if (this.images.has(name)) return `${printable(name)} has line ${this.lineOf(name)} too`;
    if (!this.#ids.add(id)) return `another image has the number ${id} too`;
    this.images.set(this.#own(name), id);
    return undefined;
  }
}

function parseName(line: string): string | undefined {
  try {
    return z.string().safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // reported with its line
  }
}

/** Writes the whole list. */
export async function writeImageList(outDir: string, ids: ReadonlyMap<string, number>): Promise<void> {
  await replaceFile(listPath(outDir), toLines(ids));
}

function* toLines(ids: ReadonlyMap<string, number>): Generator<string> {
  yield formatLine({ images: ids.size } satisfies z.output<typeof Head>);
  const names = [...ids.keys()].sort((a, b) => ids.get(a)! - ids.get(b)!);
  for (const image of names) yield formatLine({ image, id: ids.get(image)! } satisfies z.output<typeof Image>);
}
