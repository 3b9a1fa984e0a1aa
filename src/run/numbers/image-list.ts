import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, systemCodeOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { replaceFile } from '../../disk/atomic.js';
import { formatLine, parseLine } from '../../disk/checked-line.js';
import { readLines } from '../../disk/lines.js';

const Head = z.object({ images: z.int().nonnegative() }); // so that missing lines are noticed
const Image = z.object({ image: z.string(), id: z.int().positive() });

/** A line of the list. */
export interface ListedImage {
  readonly id: number;
  readonly line: number; // from 1
}

/** `.preannotate/images.jsonl`: the number of every image, as far as it can be read. */
export interface ImageList {
  readonly path: string;
  readonly images: ReadonlyMap<string, ListedImage>; // by name; lines that can be trusted
  /** `strings`: of version 0.1, a name per line, numbered by line, without checksums. */
  readonly form: 'missing' | 'strings' | 'checked';
  readonly problem: string | undefined; // the first thing that is wrong, with file and line
}

/** images/listing/list-files.ts recognises output folders by this file. */
export function listPath(outDir: string): string {
  return join(outDir, '.preannotate', 'images.jsonl');
}

/** Reads the list, and leaves out what is damaged. */
export async function readImageList(outDir: string): Promise<ImageList> {
  const path = listPath(outDir);
  const reader = new ListReader();
  let problem: string | undefined;
  try {
    for await (const { line, number, complete } of readLines(path)) {
      const wrong = complete ? reader.add(line, number) : 'the line is not complete';
      if (wrong !== undefined) problem ??= `${printable(path)}:${number}: ${wrong}`;
    }
    const missing = reader.end();
    if (missing !== undefined) problem ??= `${printable(path)}: ${missing}`;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return { path, images: new Map(), form: 'missing', problem: undefined };
    problem = `${printable(path)} cannot be read: ${printable(messageOf(error))}`;
  }
  const { form, images } = reader;
  // Without checksums, a damaged line may have moved all that follow.
  return { path, images: form === 'strings' && problem !== undefined ? new Map() : images, form, problem };
}

/** Takes the lines of a list in, and finds what is wrong with them. */
class ListReader {
  readonly images = new Map<string, ListedImage>();
  form: 'strings' | 'checked' = 'checked';
  readonly #ids = new Set<number>();
  #size: number | undefined;

  /** @returns What is wrong with the line. */
  add(line: string, number: number): string | undefined {
    if (number === 1 && line.startsWith('"')) this.form = 'strings';
    if (this.form === 'strings') return this.#addImage(parseName(line), number, number);
    const value = parseLine(line);
    if (value === undefined) return 'the line was changed after it was written (its checksum differs)';
    if (number === 1) {
      this.#size = Head.safeParse(value).data?.images;
      return this.#size === undefined ? 'the first line does not give the number of images' : undefined;
    }
    const { data } = Image.safeParse(value);
    return this.#addImage(data?.image, data?.id, number);
  }

  /** @returns What the whole list lacks. */
  end(): string | undefined {
    if (this.form === 'strings' || this.#size === this.images.size) return undefined;
    return `it has ${this.images.size} images instead of ${this.#size ?? 'a number in its first line'}`;
  }

  #addImage(name: string | undefined, id: number | undefined, line: number): string | undefined {
    if (name === undefined || id === undefined) return 'the line is not that of an image';
    if (this.images.has(name)) return `${printable(name)} has line ${this.images.get(name)!.line} too`;
    if (this.#ids.has(id)) return `another image has the number ${id} too`;
    this.#ids.add(id);
    this.images.set(name, { id, line });
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
  const sorted = [...ids].sort(([, a], [, b]) => a - b);
  for (const [image, id] of sorted) yield formatLine({ image, id } satisfies z.output<typeof Image>);
}
