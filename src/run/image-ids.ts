import { join } from 'node:path';
import { compareUtf8 } from '../core/order.js';
import { z } from 'zod';
import { systemCodeOf } from '../core/errors.js';
import { replaceFile } from '../disk/atomic.js';
import { jsonError } from '../disk/json.js';
import { readLines } from '../disk/lines.js';

/**
 * The number of every image, from 1: by name when an output folder is begun; images that come later get the next ones.
 * Failed images keep theirs, so a later success renumbers nothing.
 */
export class ImageIds {
  readonly #ids: ReadonlyMap<string, number>;

  private constructor(names: readonly string[]) {
    this.#ids = new Map(names.map((name, i) => [name, i + 1]));
  }

  /** Reads the list, one JSON string a line. */
  static async read(outDir: string): Promise<ImageIds> {
    return new ImageIds(await readNames(listPath(outDir)));
  }

  /** Reads the list and adds what is new. */
  static async extend(outDir: string, found: readonly string[], options: { restart: boolean }): Promise<ImageIds> {
    const path = listPath(outDir);
    const listed = options.restart ? [] : await readNames(path);
    const known = new Set(listed);
    const added = found.filter((name) => !known.has(name)).sort(compareUtf8);
    if (added.length === 0 && !options.restart) return new ImageIds(listed);
    const names = [...listed, ...added];
    await replaceFile(path, linesOf(names));
    return new ImageIds(names);
  }

  /** @throws Error when the image was never listed. */
  of(name: string): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`${name} is in the journal but was never given a number`);
    return id;
  }
}

function listPath(outDir: string): string {
  return join(outDir, '.preannotate', 'images.jsonl'); // images/discover.ts recognises output folders by this file
}

function* linesOf(names: readonly string[]): Generator<string> {
  for (const name of names) yield `${JSON.stringify(name)}\n`;
}

async function readNames(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { line, number } of readLines(path)) names.push(nameIn(line, `${path}:${number}`));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
  return names;
}

function nameIn(line: string, where: string): string {
  try {
    return z.string().parse(JSON.parse(line));
  } catch (error) {
    throw jsonError(where, error, {
      code: 'JOURNAL_DAMAGED',
      hint: 'Restore the file from a copy: it holds the numbers of the images. Or use --restart to begin anew.',
    });
  }
}
