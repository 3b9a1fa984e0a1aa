import { open, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { z } from 'zod';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { jsonError } from '../disk/json.js';
import { readLines } from '../disk/lines.js';
import { withOutputErrors, withWriteErrors } from '../disk/write-failure.js';
import { JournalHeader } from './header.js';
import { formatLine, parseLine } from '../disk/checked-line.js';
import { ImageRecord } from './record.js';

export const JOURNAL_FILE = 'detections.jsonl';
const SYNC_INTERVAL_MS = 1000; // results that a power cut may lose; a killed process loses none

/** Where an image's line is, and the state of its file when it was annotated. */
export interface JournalEntry {
  readonly line: number; // from 1
  readonly offset: number; // bytes
  readonly length: number; // bytes, without the line's end
  readonly sizeBytes: number; // of the image file
  readonly modifiedMs: number;
}

/** The fields of every line that planning needs; the others are checked when the line is used. */
const EntryFields = ImageRecord.pick({ image: true, size_bytes: true, modified_ms: true });

/** What a journal file holds. */
export interface JournalContents {
  readonly path: string;
  readonly header: JournalHeader;
  readonly entries: Map<string, JournalEntry>; // by image name
  readonly endOffset: number; // bytes of whole lines; at most one torn line follows
  readonly torn: boolean;
}

/**
 * Reads a journal, checking every line.
 *
 * @returns undefined when there is no journal, or its first line is not complete.
 * @throws PreannotateError JOURNAL_DAMAGED naming the damaged line.
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
      if (number === 1) header = parseForm(JournalHeader, value, where);
      else {
        const { image, size_bytes: sizeBytes, modified_ms: modifiedMs } = parseForm(EntryFields, value, where);
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

  /** Adds an image. From then on, it survives a kill of this process. @throws PreannotateError WRITE_FAILED */
  async append(record: ImageRecord): Promise<void> {
    const offset = this.#offset;
    await this.#write(formatLine(record));
    const { image, size_bytes: sizeBytes, modified_ms: modifiedMs } = record;
    this.entries.set(image, { line: this.#lines, offset, length: this.#offset - offset - 1, sizeBytes, modifiedMs });
  }

  /** Makes the added lines survive a power cut. */
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

/** Reads records of a journal in any order. */
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
    return parseForm(ImageRecord, JSON.parse(bytes.toString()), `${this.#path}:${line}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Checks the form of a line whose checksum is right: another version may have written it. */
function parseForm<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw jsonError(where, result.error, {
    code: 'JOURNAL_DAMAGED',
    hint: 'Restore the file from a copy, use the version of preannotate that wrote it, or start again with --restart.',
  });
}

function damagedError(path: string, line: number): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${path}:${line}: this line was changed after it was written (its checksum differs).`,
    hint:
      line === 1
        ? 'Restore the file from a copy, or start again with --restart.'
        : 'Restore the file from a copy, delete this line to annotate its image again, or start again with --restart.',
  });
}
