import { open, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { formatLine, LinesDigest } from '../disk/checked-line.js';
import { withOutputErrors, withWriteErrors } from '../disk/write-failure.js';
import { EntryTable, type JournalEntry } from './entries/entry-table.js';
import type { JournalHeader } from './header.js';
import { keepJournal } from './kept-files.js';
import { JOURNAL_FILE, type JournalContents } from './read-journal.js';
import type { ImageRecord } from './record.js';

const SYNC_INTERVAL_MS = 1000; // results that a power cut may lose; a killed process loses none

/** The journal of a run, open for adding. One result per image, its last line; the single source of every view. */
export class Journal implements AsyncDisposable {
  readonly path: string;
  readonly header: JournalHeader;
  readonly entries: EntryTable;
  readonly digest: LinesDigest; // of its lines
  readonly #file: FileHandle;
  #lines: number;
  #offset: number;
  #syncedAt = performance.now();

  private constructor(file: FileHandle, contents: Omit<JournalContents, 'torn'>) {
    const { path, header, entries, lines, endOffset, digest } = contents;
    this.path = path;
    this.header = header;
    this.entries = entries;
    this.digest = digest;
    this.#file = file;
    this.#offset = endOffset;
    this.#lines = lines;
  }

  /**
   * Opens the journal of an output folder: continues after the last whole line, or begins a new one in its place. What
   * an earlier journal holds is kept in the run's own folder.
   *
   * @param header - Of a new journal.
   * @param earlier - What to continue, as {@link readJournal} read it; it must be of the same job.
   * @throws PreannotateError OUTPUT_UNUSABLE, WRITE_FAILED
   */
  static async begin(outDir: string, header: JournalHeader, earlier?: JournalContents): Promise<Journal> {
    const path = join(outDir, JOURNAL_FILE);
    if (earlier === undefined) await keepJournal(outDir);
    if (earlier?.torn === true) await withOutputErrors(path, () => truncate(path, earlier.endOffset));
    const file = await withOutputErrors(path, () => open(path, earlier === undefined ? 'w' : 'a'));
    if (earlier !== undefined) return new Journal(file, earlier);
    const none = { entries: new EntryTable(), lines: 0, endOffset: 0, digest: new LinesDigest() };
    const journal = new Journal(file, { path, header, ...none });
    try {
      await journal.#write([formatLine(header)]);
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Adds one image. See {@link appendAll}. */
  async append(record: Omit<ImageRecord, 'replaces'>): Promise<void> {
    await this.appendAll([record]);
  }

  /**
   * Adds images, or replaces the results of those whose files have changed: earlier lines stay, and count no more. From
   * then on, they survive a kill of this process. All take one write together, which costs as much as one image's own.
   *
   * @throws PreannotateError WRITE_FAILED
   */
  async appendAll(records: readonly Omit<ImageRecord, 'replaces'>[]): Promise<void> {
    if (records.length === 0) return;
    const added = new Map<string, JournalEntry>();
    const lines: string[] = [];
    let offset = this.#offset;
    for (const record of records) {
      const { image, id, size_bytes: sizeBytes, modified_ms: modifiedMs, etag } = record;
      const earlier = added.get(image) ?? this.entries.get(image);
      const replaces = earlier === undefined ? 0 : earlier.replaces + 1;
      const text = formatLine(replaces === 0 ? record : { ...record, replaces });
      const bytes = Buffer.byteLength(text);
      const line = this.#lines + lines.push(text);
      added.set(image, { line, offset, length: bytes - 1, id, replaces, sizeBytes, modifiedMs, etag });
      offset += bytes;
    }
    await this.#write(lines);
    for (const [image, entry] of added) this.entries.set(image, entry);
  }

  /** Whole ones, the header among them. */
  get lines(): number {
    return this.#lines;
  }

  /** Makes the added lines survive a power cut. */
  async sync(): Promise<void> {
    this.#syncedAt = performance.now();
    await withWriteErrors(this.path, () => this.#file.datasync());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #write(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.join(''));
    await withWriteErrors(this.path, () => this.#append(bytes));
    for (const line of lines) this.digest.add(line);
    this.#offset += bytes.length;
    this.#lines += lines.length;
    if (performance.now() - this.#syncedAt > SYNC_INTERVAL_MS) await this.sync();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
  }
}
