import { join } from 'node:path';
import { z } from 'zod';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { compareUtf8 } from '../core/text.js';
import { printable } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { jsonError } from '../disk/json.js';
import { readLines } from '../disk/lines.js';

/**
 * The number of every image, from 1: ordered by name in the first run; later images get the next numbers. Failed images
 * have numbers too, so that a later success renumbers nothing.
 */
export class ImageIds {
  readonly #path: string;
  readonly #ids: ReadonlyMap<string, number>;

  private constructor(path: string, names: readonly string[]) {
    this.#path = path;
    this.#ids = new Map(names.map((name, i) => [name, i + 1]));
  }

  /** Reads the list, one JSON string per line. */
  static async read(outDir: string): Promise<ImageIds> {
    const path = listPath(outDir);
    return new ImageIds(path, await readNames(path));
  }

  /** Reads the list and adds new images. */
  static async extend(outDir: string, found: readonly string[], options: { restart: boolean }): Promise<ImageIds> {
    const path = listPath(outDir);
    const listed = options.restart ? [] : await readNames(path);
    const known = new Set(listed);
    const added = found.filter((name) => !known.has(name)).sort(compareUtf8);
    if (added.length === 0 && !options.restart) return new ImageIds(path, listed);
    const names = [...listed, ...added];
    await replaceFile(path, toLines(names));
    return new ImageIds(path, names);
  }

  /** @throws PreannotateError JOURNAL_DAMAGED when the list lacks the image. */
  of(name: string): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw missingImageError(this.#path, name);
    return id;
  }
}

function listPath(outDir: string): string {
  return join(outDir, '.preannotate', 'images.jsonl'); // images/discover.ts recognises output folders by this file
}

function* toLines(names: readonly string[]): Generator<string> {
  for (const name of names) yield `${JSON.stringify(name)}\n`;
}

async function readNames(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { line, number } of readLines(path)) names.push(parseName(line, `${path}:${number}`));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
  return names;
}

function parseName(line: string, where: string): string {
  try {
    return z.string().parse(JSON.parse(line));
  } catch (error) {
    throw jsonError(where, error, {
      code: 'JOURNAL_DAMAGED',
      hint: 'Restore the file from a copy: it holds the numbers of the images. Or use --restart to start again.',
    });
  }
}

function missingImageError(path: string, name: string): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)} does not have ${printable(name)}, which is in the journal.`,
    hint: 'Restore the file from a copy, or run the same `preannotate run` again: it adds the image.',
  });
}
