import { open, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import { systemCodeOf, type Failure } from '../core/errors.js';
import { compareUtf8 } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { readLines } from '../disk/lines.js';
import { withOutputErrors, withWriteErrors } from '../disk/write-failure.js';

export const ERRORS_FILE = 'errors.jsonl';

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
  readonly #lines = new Map<string, Line[]>(); // by name, that of an image or a folder
  readonly #earlier = new Set<string>(); // names of earlier attempts' lines
  readonly #alone = pLimit(1); // the file is not sorted while a line is added
  #file: FileHandle;
  #offset = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Begins a new one. @throws PreannotateError OUTPUT_UNUSABLE, WRITE_FAILED */
  static async open(outDir: string): Promise<ErrorLog> {
    const path = join(outDir, ERRORS_FILE);
    return new ErrorLog(path, await withOutputErrors(path, () => open(path, 'w+')));
  }

  /**
   * Goes on with that of the last attempt: a line stays until its image has been tried again, so that a killed run
   * leaves those that it has not come to.
   *
   * @throws PreannotateError OUTPUT_UNUSABLE, WRITE_FAILED
   */
  static async continue(outDir: string): Promise<ErrorLog> {
    const path = join(outDir, ERRORS_FILE);
    const log = new ErrorLog(path, await withOutputErrors(path, () => open(path, 'a+')));
    for await (const { line, offset, bytes, complete } of readLines(path)) {
      if (!complete) break;
      const name = parseLogged(line)?.image;
      if (name !== undefined) {
        log.#place({ name, offset, length: bytes + 1 });
        log.#earlier.add(name);
      }
      log.#offset = offset + bytes + 1;
    }
    await withOutputErrors(path, () => truncate(path, log.#offset)); // a line that was not written to its end
    return log;
  }

  /** How many images and folders have failed. */
  get size(): number {
    return this.#lines.size;
  }

  /** @throws PreannotateError WRITE_FAILED */
  async append(name: string, { code, message, hint }: Failure): Promise<void> {
    const line = Buffer.from(`${JSON.stringify({ image: name, code, message, hint })}\n`);
    await this.#alone(async () => {
      await withWriteErrors(this.#path, () => this.#file.appendFile(line));
      if (this.#earlier.has(name)) this.remove(name);
      this.#place({ name, offset: this.#offset, length: line.length });
      this.#offset += line.length;
    });
  }

  /** Adds an image that may have failed before: its earlier lines go when the file is sorted. */
  async replace(name: string, failure: Failure): Promise<void> {
    this.remove(name);
    await this.append(name, failure);
  }

  /** Leaves out an image that does not fail any more; its lines go when the file is sorted. */
  remove(name: string): void {
    this.#lines.delete(name);
    this.#earlier.delete(name);
  }

  /** Leaves out what failed in an earlier attempt, and not in this one. */
  removeEarlier(): void {
    for (const name of this.#earlier) this.remove(name);
  }

  /**
   * Sorts what was added by name, so that the same failures give the same bytes, whichever image was done first.
   *
   * @throws PreannotateError WRITE_FAILED; the lines are then all there, in the order in which they were added.
   */
  async sort(): Promise<void> {
    await this.#alone(() => this.#sort());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #sort(): Promise<void> {
    const sorted = [...this.#lines.values()].flat().sort((a, b) => compareUtf8(a.name, b.name)); // stable
    if (this.#areInPlace(sorted)) return;
    await replaceFile(this.#path, this.#read(sorted));
    const file = await withOutputErrors(this.#path, () => open(this.#path, 'a+'));
    await this.#file.close();
    this.#file = file;
    this.#lines.clear();
    this.#offset = 0;
    for (const { name, length } of sorted) {
      this.#place({ name, offset: this.#offset, length });
      this.#offset += length;
    }
  }

  #place(line: Line): void {
    const lines = this.#lines.get(line.name);
    if (lines === undefined) this.#lines.set(line.name, [line]);
    else lines.push(line);
  }

  #areInPlace(lines: readonly Line[]): boolean {
    let end = 0;
    for (const { offset, length } of lines) {
      if (offset !== end) return false;
      end += length;
    }
    return end === this.#offset;
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
const LoggedError = z.object({
  image: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string().exactOptional(),
});
export type LoggedError = Readonly<Pick<z.output<typeof LoggedError>, 'image' | 'message' | 'hint'>>;

/** The first failures of the last attempt; none where errors.jsonl cannot be read. */
export async function readFirstErrors(outDir: string, count: number): Promise<LoggedError[]> {
  const errors: LoggedError[] = [];
  try {
    for await (const { line } of readLines(join(outDir, ERRORS_FILE))) {
      if (errors.length >= count) break;
      errors.push(LoggedError.parse(JSON.parse(line)));
    }
  } catch {
    // The summary does without them.
  }
  return errors;
}

/** All failures of the last attempt; none where there is no errors.jsonl. Lines that are not whole are left out. */
export async function readErrors(outDir: string): Promise<z.output<typeof LoggedError>[]> {
  const errors: z.output<typeof LoggedError>[] = [];
  for await (const error of streamErrors(outDir)) errors.push(error);
  return errors;
}

/** The same, one at a time. */
export async function* streamErrors(outDir: string): AsyncGenerator<z.output<typeof LoggedError>> {
  try {
    for await (const { line } of readLines(join(outDir, ERRORS_FILE))) {
      const logged = parseLogged(line);
      if (logged !== undefined) yield logged;
    }
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}

/** What failed in the last attempt: an image, or a folder that could not be listed. */
export interface LoggedName {
  readonly name: string;
  readonly isFolder: boolean;
}

/** What failed in the last attempt; nothing where there is no errors.jsonl. Lines that are not whole are left out. */
export async function readFailed(outDir: string): Promise<LoggedName[]> {
  const errors = await readErrors(outDir);
  return errors.map(({ image: name, code }) => ({ name, isFolder: code === 'FOLDER_UNREADABLE' }));
}

/** How many images and folders failed in the last attempt, by code; none where there is no errors.jsonl. */
export async function countFailures(outDir: string): Promise<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { code } of await readErrors(outDir)) counts.set(code, (counts.get(code) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => compareUtf8(a, b)));
}

function parseLogged(line: string): z.output<typeof LoggedError> | undefined {
  try {
    return LoggedError.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // a line that was not written to its end, or was edited
  }
}
