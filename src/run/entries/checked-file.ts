import { PreannotateError, systemCodeOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { isIntact, isTornLine, LinesDigest } from '../../disk/checked-line.js';
import { jsonError } from '../../disk/json.js';
import { readLineBytes, type LineBytes } from '../../disk/lines.js';

/** What a user can do about a file of lines with checksums. */
export interface DamageAdvice {
  readonly onLine: (number: number) => string; // that was changed after it was written
  readonly onFile: string; // that cannot be read, or that another version wrote
}

/** Reads a file of lines with checksums, and checks each of them. */
export class CheckedFile {
  readonly digest = new LinesDigest(); // of whole lines
  readonly #path: string;
  readonly #advice: DamageAdvice;
  #lines = 0;
  #endOffset = 0;
  #isTorn = false;

  constructor(path: string, advice: DamageAdvice) {
    this.#path = path;
    this.#advice = advice;
  }

  /** Whole lines that were read. */
  get lines(): number {
    return this.#lines;
  }

  /** Bytes of whole lines; at most one torn line follows. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Whether the last line was not written to its end: it was never reported as saved. */
  get isTorn(): boolean {
    return this.#isTorn;
  }

  /**
   * Whole lines whose checksums are right, those together that were read together. A missing file has none.
   *
   * @throws PreannotateError JOURNAL_DAMAGED naming the file and the damaged line, after the lines before it.
   */
  async *batches(): AsyncGenerator<readonly LineBytes[]> {
    try {
      for await (const batch of readLineBytes(this.#path)) {
        const end = batch.findIndex((line) => !this.#accept(line));
        yield end === -1 ? batch : batch.slice(0, end);
        if (end === -1) continue;
        const { content, number, complete } = batch[end]!;
        if (complete || !isTornLine(content.toString())) throw damagedLineError(this.#path, number, this.#advice);
        this.#isTorn = true;
        return;
      }
    } catch (error) {
      if (error instanceof PreannotateError) throw error;
      if (systemCodeOf(error) === 'ENOENT') return;
      throw jsonError(this.#path, error, { code: 'JOURNAL_DAMAGED', hint: this.#advice.onFile });
    }
  }

  #accept({ content, number, offset, complete }: LineBytes): boolean {
    if (!complete || !isIntact(content)) return false;
    this.digest.add(content);
    this.#lines = number;
    this.#endOffset = offset + content.length + 1;
    return true;
  }
}

export function damagedLineError(path: string, line: number, { onLine }: DamageAdvice): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)}:${line}: this line was changed after it was written (its checksum differs).`,
    hint: onLine(line),
  });
}
