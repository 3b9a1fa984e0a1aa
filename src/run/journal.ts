import { open, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { z } from 'zod';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { jsonError } from '../disk/json.js';
import { readLines } from '../disk/lines.js';
import { withOutputErrors, withWriteErrors } from '../disk/write-failure.js';
import { JournalHeader } from './header.js';
import { formatLine, parseLine } from './line.js';
import { ImageRecord } from './record.js';

export const JOURNAL_FILE = 'detections.jsonl';
const SYNC_INTERVAL_MS = 1000; // about what a power cut may cost; a killed process loses nothing

/** Where an image's line is, and what its file was then. */
export interface JournalEntry {
  readonly line: number; // from 1
  readonly offset: number; // bytes
  readonly length: number; // bytes, without the line's end
  readonly sizeBytes: number; // of the image file
  readonly modifiedMs: number;
}

/** What is needed of every line to know what is left to do; the rest is checked when the line is used. */
const EntryFields = ImageRecord.pick({ image: true, size_bytes: true, modified_ms: true });

/** What a journal file holds. */
export interface JournalContents {
  readonly path: string;
  readonly header: JournalHeader;
  readonly entries: Map<string, JournalEntry>; // by image name
  readonly endOffset: number; // bytes that are whole; behind them at most one torn line
  readonly torn: boolean;
}

/**
 * Reads a journal, checking every line.
 *
 * @returns undefined when there is no journal, or none with a whole first line.
 * @throws PreannotateError JOURNAL_DAMAGED naming the line that is not what was written.
 */
export async function readJournal(outDir: string): Promise<JournalContents | undefined> {
  const path = join(outDir, JOURNAL_FILE);
  let header: JournalHeader | undefined;
  let endOffset = 0;
  let torn = false;
  const entries = new Map<string, JournalEntry>();
  try {
    for await (const { line, number, offset, bytes, complete } of readLines(path)) {
      if (!complete) {
        torn = true; // the last line: the process was killed, or the disk was full, while it was written
        break;
      }
      const value = parseLine(line);
      if (value === undefined) throw damagedError(path, number);
      endOffset = offset + bytes + 1;
      const where = `${path}:${number}`;
      if (number === 1) header = parsed(JournalHeader, value, where);
      else {
        const { image, size_bytes: sizeBytes, modified_ms: modifiedMs } = parsed(EntryFields, value, where);
        entries.set(image, { line: number, offset, length: bytes, sizeBytes, modifiedMs });
      }
    }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return header === undefined ? undefined : { path, header, entries, endOffset, torn };
}

/** The journal of a run, open for adding. One line per image; the single source of every view. */
export class Journal implements AsyncDisposable {
  readonly path: string;
  readonly header: JournalHeader;
  readonly entries: Map<string, JournalEntry>;
  readonly #file: FileHandle;
  #lines: number;
  #offset: number;
  #syncedAt = performance.now();

  private constructor(file: FileHandle, { path, header, entries, endOffset }: Omit<JournalContents, 'torn'>) {
    this.path = path;
    this.header = header;
    this.entries = entries;
    this.#file = file;
    this.#offset = endOffset;
    this.#lines = endOffset === 0 ? 0 : entries.size + 1; // each image is there once
  }

  /**
   * Opens the journal of an output folder: continues after the last whole line, or begins a new one in its place.
   *
   * @param header - Of a new journal.
   * @param earlier - What to continue, as {@link readJournal} read it; it must be of the same job.
   * @throws PreannotateError OUTPUT_UNUSABLE, WRITE_FAILED
   */
  static async begin(outDir: string, header: JournalHeader, earlier?: JournalContents): Promise<Journal> {
    const path = join(outDir, JOURNAL_FILE);
    if (earlier?.torn === true) await withOutputErrors(path, () => truncate(path, earlier.endOffset));
    const file = await withOutputErrors(path, () => open(path, earlier === undefined ? 'w' : 'a'));
    if (earlier !== undefined) return new Journal(file, earlier);
    const journal = new Journal(file, { path, header, entries: new Map(), endOffset: 0 });
    try {
      await journal.#write(formatLine(header));
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Adds an image. When this returns, a kill of this process does not lose it. @throws PreannotateError WRITE_FAILED */
  async append(record: ImageRecord): Promise<void> {
    const offset = this.#offset;
    await this.#write(formatLine(record));
    const { image, size_bytes: sizeBytes, modified_ms: modifiedMs } = record;
    this.entries.set(image, { line: this.#lines, offset, length: this.#offset - offset - 1, sizeBytes, modifiedMs });
  }

  /** Makes what was added survive a power cut. */
  async sync(): Promise<void> {
    this.#syncedAt = performance.now();
    await withWriteErrors(this.path, () => this.#file.datasync());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    await withWriteErrors(this.path, () => this.#file.appendFile(bytes));
    this.#offset += bytes.length;
    this.#lines++;
    if (performance.now() - this.#syncedAt > SYNC_INTERVAL_MS) await this.sync();
  }
}

/** Reads the records of a journal by name, in whatever order is asked for. */
export class RecordFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<RecordFile> {
    return new RecordFile(path, await open(path, 'r'));
  }

  /** @throws PreannotateError JOURNAL_DAMAGED naming the line when it does not have the form of a record. */
  async read({ line, offset, length }: JournalEntry): Promise<ImageRecord> {
    const bytes = Buffer.allocUnsafe(length);
    await this.#file.read(bytes, 0, length, offset);
    return parsed(ImageRecord, JSON.parse(bytes.toString()), `${this.#path}:${line}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Checks the form of a line that is as it was written: another program may have written it. */
function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw jsonError(where, result.error, {
    code: 'JOURNAL_DAMAGED',
    hint: 'Restore the file from a copy, use the version of preannotate that wrote it, or use --restart to begin anew.',
  });
}

function damagedError(path: string, line: number): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${path}:${line}: this line is not what was written (its checksum differs).`,
    hint:
      line === 1
        ? 'Restore the file from a copy, or use --restart to begin anew.'
        : 'Restore the file from a copy, delete this line to annotate its image again, or use --restart to begin anew.',
  });
}
