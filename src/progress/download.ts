import { formatBytes } from '../core/text.js';
import type cliProgress from 'cli-progress';
import { writeEvent } from './log.js';
import { createBar, isBar, isJsonProgress, writeLines, writeNote, type ProgressOptions } from './terminal.js';

const LINE_EVERY_MS = 10_000;
const BAR_COLUMNS = 30;

/** Shows the progress of a download: a bar on a terminal, a plain line every ten seconds elsewhere. */
export class DownloadProgress implements Disposable {
  readonly #stream: ProgressOptions['stream'];
  readonly #quiet: boolean;
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  #bar: cliProgress.SingleBar | undefined;
  #first: { atMs: number; done: number } | undefined; // bytes of earlier attempts do not count for the rate
  #lastLineMs = -Infinity;

  constructor(options: ProgressOptions) {
    const { stream, quiet, now } = options;
    this.#options = options;
    this.#stream = stream;
    this.#quiet = quiet;
    this.#now = now ?? (() => performance.now());
  }

  /** @param bytes - Of all files together. The last call has done === total. */
  progress({ done, total }: { done: number; total: number }): void {
    if (this.#quiet || this.#options.style === 'none') return;
    const atMs = this.#now();
    this.#first ??= { atMs, done };
    const seconds = (atMs - this.#first.atMs) / 1000;
    const rate = seconds > 0.5 ? `, ${formatBytes((done - this.#first.done) / seconds)}/s` : '';
    const text = `${formatBytes(done)} of ${formatBytes(total)}${rate}`;
    if (isBar(this.#options)) this.#draw(done, total, text);
    else if (done >= total || atMs - this.#lastLineMs >= LINE_EVERY_MS) {
      this.#lastLineMs = atMs;
      const message = `Fetching the model: ${text} (${Math.floor((100 * done) / Math.max(1, total))} %)`;
      const event = { level: 'info', event: 'download', message, done_bytes: done, total_bytes: total } as const;
      if (isJsonProgress(this.#options)) writeEvent(this.#stream, event);
      else writeLines(this.#stream, message);
    }
    if (done >= total) this.stop();
  }

  note(message: string): void {
    if (this.#quiet) return;
    this.stop();
    writeNote(this.#stream, message);
  }

  /** Removes the bar. After a failed download its timer would keep the process alive. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #draw(done: number, total: number, text: string): void {
    if (this.#bar === undefined) {
      this.#bar = createBar(this.#stream, {
        format: ' Fetching the model {bar} {percentage}% | {text}',
        otherColumns: 65,
        maxColumns: BAR_COLUMNS,
        clearOnComplete: done < total,
      });
      this.#bar.start(total, done, { text });
    }
    this.#bar.update(done, { text });
  }
}
