import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../core/errors.js';
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
