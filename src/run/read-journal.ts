import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { CheckedFile, damagedLineError, type DamageAdvice } from './entries/checked-file.js';
import { parseIntactLine, parseLine, parseLineBytes, type LinesDigest } from '../disk/checked-line.js';
import { jsonError } from '../disk/json.js';
import { readLines } from '../disk/lines.js';
import { EntryTable, type JournalEntry } from './entries/entry-table.js';
import { EntryFields, readEntryFields } from './entries/read-entry.js';
import { JournalHeader } from './header.js';
import { NumberSet } from './entries/number-set.js';
import { ImageRecord, isImageRecord } from './record.js';

export const JOURNAL_FILE = 'detections.jsonl';
const ADVICE: DamageAdvice = {
  onLine: (line) =>
    line === 1
      ? 'Restore the file from a copy, or start again with --restart, which keeps this file in .preannotate/journals.'
      : 'Restore the file from a copy, delete this line to annotate its image again, or start again with --restart.',
  onFile:
    'Restore the file from a copy, use the version of preannotate that wrote it, or start again with --restart, ' +
    'which keeps this file in .preannotate/journals.',
};

/** What a journal file holds. */
export interface JournalContents {
  readonly path: string;
  readonly header: JournalHeader;
  readonly entries: EntryTable; // by image name: the last line of each
  readonly lines: number; // whole ones, the header among them
  readonly endOffset: number; // bytes of whole lines; at most one torn line follows
  readonly torn: boolean;
  readonly digest: LinesDigest; // of whole lines
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
  const entries = new ReadEntries(path);
  const file = new CheckedFile(path, ADVICE);
  for await (const batch of file.batches()) {
    for (const { content, number: line, offset } of batch) {
      if (line === 1) header = parseForm(JournalHeader, valueOf(content, { path, line }), `${path}:1`);
      else entries.add(content, { line, offset, length: content.length });
    }
  }
  const { lines, endOffset, isTorn: torn, digest } = file;
  return header === undefined ? undefined : { path, header, entries: entries.byName, lines, endOffset, torn, digest };
}

/** The header of a journal whose other lines may be damaged; undefined when it cannot be read. */
export async function readHeader(outDir: string): Promise<JournalHeader | undefined> {
  try {
    for await (const { line, complete } of readLines(join(outDir, JOURNAL_FILE))) {
      return complete ? JournalHeader.safeParse(parseLine(line)).data : undefined;
    }
  } catch {
    // Missing, or not a file: there is no header.
  }
  return undefined;
}

/** The lines of a journal as they are read: one result an image, which a later line may replace, and one number. */
class ReadEntries {
  readonly byName = new EntryTable();
  readonly #path: string;
  readonly #ids = new NumberSet();

  constructor(path: string) {
    this.#path = path;
  }

  add(content: Buffer, position: Pick<JournalEntry, 'line' | 'offset' | 'length'>): void {
    const where = `${this.#path}:${position.line}`;
    const fields =
      readEntryFields(content) ??
      parseForm(EntryFields, valueOf(content, { path: this.#path, line: position.line }), where);
    const { image, replaces = 0, size_bytes: sizeBytes, modified_ms: modifiedMs, etag } = fields;
    const earlier = this.byName.get(image);
    if (earlier !== undefined && replaces <= earlier.replaces)
      throw repeatedError(where, `${printable(image)} has line ${earlier.line} too`);
    const id = fields.id ?? earlier?.id;
    if (earlier?.id !== undefined && id !== earlier.id)
      throw repeatedError(where, `${printable(image)} has the number ${id}, and ${earlier.id} in line ${earlier.line}`);
    if (id !== undefined && earlier?.id === undefined && !this.#ids.add(id)) {
      const [, other] = [...this.byName].find(([, entry]) => entry.id === id)!;
      throw repeatedError(
        where,
        `${printable(image)} has the number ${id}, which line ${other.line} gives another image`,
      );
    }
    const { line, offset, length } = position;
    this.byName.set(image, { line, offset, length, id, replaces, sizeBytes, modifiedMs, etag });
  }
}

const WINDOW_BYTES = 256 << 10;
const NEAR_READS = 4; // in a row, after which the lines around one are read with it

/**
 * Reads records of a journal in any order. Most journals are nearly in the order of names, in which they are read: then
 * one read of the file gives many lines.
 */
export class RecordFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  #window = Buffer.alloc(0);
  #windowOffset = 0;
  #lastOffset = 0;
  #near = 0; // reads in a row that were near the one before

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<RecordFile> {
    return new RecordFile(path, await open(path, 'r'));
  }

  /** @throws PreannotateError JOURNAL_DAMAGED naming the line when it has changed or is not a record. */
  async read({ line, offset, length }: JournalEntry): Promise<ImageRecord> {
    const value = parseLineBytes(await this.#readBytes(offset, length));
    if (value === undefined) throw damagedLineError(this.#path, line, ADVICE);
    return isImageRecord(value) ? value : parseForm(ImageRecord, value, `${this.#path}:${line}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  async #readBytes(offset: number, length: number): Promise<Buffer> {
    const isNear = Math.abs(offset - this.#lastOffset) < WINDOW_BYTES / 2;
    this.#near = isNear ? this.#near + 1 : 0;
    this.#lastOffset = offset;
    const start = offset - this.#windowOffset;
    if (start >= 0 && start + length <= this.#window.length) return this.#window.subarray(start, start + length);
    if (this.#near < NEAR_READS || length > WINDOW_BYTES / 2) {
      const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    }
    const from = Math.max(0, offset - WINDOW_BYTES / 4); // workers finish images a little out of order
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(WINDOW_BYTES), 0, WINDOW_BYTES, from);
    this.#window = buffer.subarray(0, bytesRead);
    this.#windowOffset = from;
    return this.#window.subarray(offset - from, offset - from + length);
  }
}

/** What is to be known about the end of a journal. */
export function tornNote(path: string): string {
  return `${printable(path)} ended in the middle of a line; a run annotates that image again.`;
}

/** Checks the form of a line whose checksum is right: another version may have written it. */
function parseForm<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw jsonError(where, result.error, { code: 'JOURNAL_DAMAGED', hint: ADVICE.onFile });
}

/** @param content - Whose checksum is right. @throws PreannotateError JOURNAL_DAMAGED */
function valueOf(content: Buffer, { path, line }: { path: string; line: number }): unknown {
  const value = parseIntactLine(content);
  if (value === undefined) throw damagedLineError(path, line, ADVICE);
  return value;
}

function repeatedError(where: string, what: string): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(where)}: ${what}. An image has one number, and one line unless its file has changed.`,
    hint: 'Restore the file from a copy, or delete the wrong line: an image without a line is annotated again.',
  });
}
