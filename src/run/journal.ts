import { open, truncate, type FileHandle } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { readLines } from '../disk/lines.js';
import { usable, writing } from '../disk/write-failure.js';
import { assertSameJob, type JournalHeader } from './header.js';
import { formatLine, parseLine } from './line.js';
import type { ImageRecord } from './record.js';

const SYNC_INTERVAL_MS = 1000; // about what a power cut may cost; a killed process loses nothing

/** Where an image's line is, and what its file was then. */
export interface JournalEntry {
  readonly offset: number; // bytes
  readonly length: number; // bytes, without the line's end
  readonly sizeBytes: number; // of the image file
  readonly modifiedMs: number;
}

/** What a journal file holds. */
export interface JournalContents {
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
export async function readJournal(path: string): Promise<JournalContents | undefined> {
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
      if (value === undefined) throw damaged(path, number);
      endOffset = offset + bytes + 1;
      if (number === 1) header = value as JournalHeader;
      else {
        const { image, size_bytes: sizeBytes, modified_ms: modifiedMs } = value as ImageRecord;
        entries.set(image, { offset, length: bytes, sizeBytes, modifiedMs });
      }
    }
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return header === undefined ? undefined : { header, entries, endOffset, torn };
}

/** The journal of a run. One line an image; the single source of every view. */
export class Journal implements AsyncDisposable {
  readonly path: string;
  readonly header: JournalHeader;
  readonly entries: Map<string, JournalEntry>;
  /** A line that was cut short is dropped; its image is annotated again. */
  readonly mended: boolean;
  #file: FileHandle | undefined;
  #offset: number; // 0: there is nothing to go on from
  #syncedAt = performance.now();

  private constructor(path: string, contents: JournalContents) {
    this.path = path;
    this.header = contents.header;
    this.entries = contents.entries;
    this.mended = contents.torn;
    this.#offset = contents.endOffset;
  }

  /**
   * Reads the journal of an earlier attempt at the same job; writes nothing yet. One without images binds to nothing.
   *
   * @throws PreannotateError RESUME_MISMATCH, JOURNAL_DAMAGED
   */
  static async open(path: string, header: JournalHeader, options: { restart: boolean }): Promise<Journal> {
    const found = options.restart ? undefined : await readJournal(path);
    if (found === undefined || found.entries.size === 0) {
      return new Journal(path, { header, entries: new Map(), endOffset: 0, torn: false });
    }
    assertSameJob(found.header, header, path);
    return new Journal(path, found);
  }

  /** Gets ready to add: goes on after the last whole line, or begins anew. @throws PreannotateError OUTPUT_UNUSABLE */
  async begin(): Promise<void> {
    if (this.mended) await usable(this.path, () => truncate(this.path, this.#offset));
    this.#file = await usable(this.path, () => open(this.path, this.#offset === 0 ? 'w' : 'a'));
    if (this.#offset === 0) await this.#write(formatLine(this.header));
  }

  /** Adds an image. When this returns, a kill of this process does not lose it. @throws PreannotateError WRITE_FAILED */
  async append(record: ImageRecord): Promise<void> {
    const offset = this.#offset;
    await this.#write(formatLine(record));
    const { image, size_bytes: sizeBytes, modified_ms: modifiedMs } = record;
    this.entries.set(image, { offset, length: this.#offset - offset - 1, sizeBytes, modifiedMs });
  }

  /** Makes what was added survive a power cut. */
  async sync(): Promise<void> {
    this.#syncedAt = performance.now();
    await writing(this.path, async () => this.#file?.datasync());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }

  async #write(line: string): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new Error('the journal was not begun. This is a bug.');
    const bytes = Buffer.from(line);
    await writing(this.path, () => file.appendFile(bytes));
    this.#offset += bytes.length;
    if (performance.now() - this.#syncedAt > SYNC_INTERVAL_MS) await this.sync();
  }
}

/** Reads the records of a journal by name, in whatever order is asked for. */
export class RecordFile implements AsyncDisposable {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<RecordFile> {
    return new RecordFile(await open(path, 'r'));
  }

  async read({ offset, length }: JournalEntry): Promise<ImageRecord> {
    const bytes = Buffer.allocUnsafe(length);
    await this.#file.read(bytes, 0, length, offset);
    return JSON.parse(bytes.toString()) as ImageRecord;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

function damaged(path: string, line: number): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${path}:${line}: this line is not what was written (its checksum differs).`,
    hint:
      line === 1
        ? 'Restore the file from a copy, or use --restart to begin anew.'
        : 'Restore the file from a copy, delete this line to annotate its image again, or use --restart to begin anew.',
  });
}
