import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Failure } from '../core/errors.js';
import { readLines } from '../disk/lines.js';
import { withOutputErrors, withWriteErrors } from '../disk/write-failure.js';

/** errors.jsonl: one line per image or folder that failed in the last attempt. The next attempt tries them again. */
export class ErrorLog implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(outDir: string): Promise<ErrorLog> {
    const path = join(outDir, 'errors.jsonl');
    return new ErrorLog(path, await withOutputErrors(path, () => open(path, 'w')));
  }

  async append(image: string, { code, message, hint }: Failure): Promise<void> {
    await withWriteErrors(this.#path, () =>
      this.#file.appendFile(`${JSON.stringify({ image, code, message, hint })}\n`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
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
