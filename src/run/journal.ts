import { open, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { readLines } from '../disk/lines.js';
import { usable, writing } from '../disk/write-failure.js';
import type { JournalHeader } from './header.js';
import { formatLine, parseLine } from './line.js';
import type { ImageRecord } from './record.js';

const FILE = 'detections.jsonl';
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
  const path = join(outDir, FILE);
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
  return header === undefined ? undefined : { path, header, entries, endOffset, torn };
}

/** The journal of a run, open for adding. One line per image; the single source of every view. */
export class Journal implements AsyncDisposable {
  readonly path: string;
  readonly header: JournalHeader;
  readonly entries: Map<string, JournalEntry>;
  readonly #file: FileHandle;
  #offset: number;
  #syncedAt = performance.now();

  private constructor(file: FileHandle, { path, header, entries, endOffset }: Omit<JournalContents, 'torn'>) {
    this.path = path;
    this.header = header;
    this.entries = entries;
    this.#file = file;
    this.#offset = endOffset;
  }

  /**
   * Opens the journal of an output folder: continues after the last whole line, or begins a new one in its place.
   *
   * @param header - Of a new journal.
   * @param earlier - What to continue, as {@link readJournal} read it; it must be of the same job.
   * @throws PreannotateError OUTPUT_UNUSABLE, WRITE_FAILED
   */
  static async begin(outDir: string, header: JournalHeader, earlier?: JournalContents): Promise<Journal> {
    const path = join(outDir, FILE);
    if (earlier?.torn === true) await usable(path, () => truncate(path, earlier.endOffset));
    const file = await usable(path, () => open(path, earlier === undefined ? 'w' : 'a'));
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
    this.entries.set(image, { offset, length: this.#offset - offset - 1, sizeBytes, modifiedMs });
  }

  /** Makes what was added survive a power cut. */
  async sync(): Promise<void> {
    this.#syncedAt = performance.now();
    await writing(this.path, () => this.#file.datasync());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    await writing(this.path, () => this.#file.appendFile(bytes));
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
