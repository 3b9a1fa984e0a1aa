import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Failure } from '../core/errors.js';
import { compareUtf8 } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { readLines } from '../disk/lines.js';
import { withOutputErrors, withWriteErrors } from '../disk/write-failure.js';

/** Where the line of an image or a folder is. */
interface Line {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * errors.jsonl: one line per image or folder that failed in the last attempt. The next attempt tries them again. Lines
 * are added as images fail, so that a killed run leaves them, and are sorted by name in the end.
 */
export class ErrorLog implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #lines: Line[] = [];
  #offset = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Begins a new one. @throws PreannotateError OUTPUT_UNUSABLE, WRITE_FAILED */
  static async open(outDir: string): Promise<ErrorLog> {
    const path = join(outDir, 'errors.jsonl');
    return new ErrorLog(path, await withOutputErrors(path, () => open(path, 'w+')));
  }

  /** @throws PreannotateError WRITE_FAILED */
  async append(name: string, { code, message, hint }: Failure): Promise<void> {
    const line = Buffer.from(`${JSON.stringify({ image: name, code, message, hint })}\n`);
    await withWriteErrors(this.#path, () => this.#file.appendFile(line));
    this.#lines.push({ name, offset: this.#offset, length: line.length });
    this.#offset += line.length;
  }

  /**
   * Sorts what was added by name, so that the same failures give the same bytes, whichever image was done first.
   * Nothing can be added afterwards.
   *
   * @throws PreannotateError WRITE_FAILED; the lines are then all there, in the order in which they were added.
   */
  async sort(): Promise<void> {
    const sorted = [...this.#lines].sort((a, b) => compareUtf8(a.name, b.name)); // stable
    if (sorted.every((line, i) => line === this.#lines[i])) return;
    await replaceFile(this.#path, this.#read(sorted));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async *#read(lines: readonly Line[]): AsyncGenerator<Uint8Array> {
    for (const { offset, length } of lines) {
      const bytes = Buffer.alloc(length);
      await this.#file.read(bytes, 0, length, offset);
      yield bytes;
    }
  }
}

/** A line of errors.jsonl. */
const LoggedError = z.object({ image: z.string(), message: z.string() });
export type LoggedError = Readonly<z.output<typeof LoggedError>>;

/** The first failures of the last attempt; none where errors.jsonl cannot be read. */
export async function readFirstErrors(outDir: string, count: number): Promise<LoggedError[]> {
  const errors: LoggedError[] = [];
  try {
    for await (const { line } of readLines(join(outDir, 'errors.jsonl'))) {
      if (errors.length >= count) break;
      errors.push(LoggedError.parse(JSON.parse(line)));
    }
  } catch {
    // The summary does without them.
  }
  return errors;
}
