import { performance } from 'node:perf_hooks';
import type { Writable } from 'node:stream';
import cliProgress from 'cli-progress';
import { printable } from '../core/text.js';
import { DownloadProgress } from './download.js';

const LINE_EVERY_MS = 10_000;
const LINE_EVERY_SHARE = 0.1;
const TEXT_COLUMNS = 75; // beside the bar: its numbers must not be cut off
const RATE_WINDOW_MS = 15_000; // recent images tell how long the rest takes better than the first ones

/** Where progress goes, and how. */
export interface ProgressOptions {
  readonly stream: Writable & { isTTY?: boolean; columns?: number };
  readonly quiet: boolean; // only notes that matter
  readonly now?: () => number; // milliseconds, never going back
}

/** How far a run is: a bar on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #stream: ProgressOptions['stream'];
  readonly #quiet: boolean;
  readonly #now: () => number;
  #bar: cliProgress.SingleBar | undefined;
  #total = 0;
  #begun = 0; // images of earlier attempts
  #done = 0;
  #failed = 0;
  #lastLineMs = 0;
  #lastLineDone = 0;
  #recent: { atMs: number; done: number }[] = [];

  constructor({ stream, quiet, now }: ProgressOptions) {
    this.#stream = stream;
    this.#quiet = quiet;
    this.#now = now ?? (() => performance.now());
  }

  /** @param done - Images that earlier attempts finished; they count as done, not for the rate. */
  start({ total, done }: { total: number; done: number }): void {
    this.#total = total;
    this.#begun = this.#done = this.#lastLineDone = done;
    this.#lastLineMs = this.#now();
    this.#recent = [{ atMs: this.#now(), done }];
    if (this.#quiet) return;
    if (this.#stream.isTTY === true && process.env['TERM'] !== 'dumb') this.#startBar();
    else if (done > 0) this.#line(`${done} of ${total} images are done already.`);
  }

  tick({ ok }: { ok: boolean }): void {
    this.#done++;
    if (!ok) this.#failed++;
    const atMs = this.#now();
    this.#recent.push({ atMs, done: this.#done });
    while (this.#recent.length > 2 && atMs - this.#recent[0]!.atMs > RATE_WINDOW_MS) this.#recent.shift();
    if (this.#quiet) return;
    if (this.#bar !== undefined) this.#bar.update(this.#done, this.#payload());
    else if (this.#lineIsDue(atMs)) this.#report(atMs);
  }

  /** For what must be fetched before the run can begin. */
  download(): DownloadProgress {
    return new DownloadProgress({ stream: this.#stream, quiet: this.#quiet });
  }

  /** Something to know, above the bar. */
  note(message: string): void {
    if (this.#quiet) return;
    if (this.#bar === undefined) {
      this.#line(message);
      return;
    }
    this.#bar.stop();
    this.#line(message);
    this.#startBar();
  }

  stop(): void {
    this.#bar?.update(this.#done, this.#payload());
    this.#bar?.stop();
    this.#bar = undefined;
    if (!this.#quiet && this.#done !== this.#lastLineDone) this.#report(this.#now());
  }

  #startBar(): void {
    this.#bar = new cliProgress.SingleBar({
      stream: this.#stream,
      format: ' {bar} {percentage}% | {value}/{total} | {rate} images/s | ETA {left} | {failures}{resumed}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: Math.min(40, Math.max(10, (this.#stream.columns ?? 80) - TEXT_COLUMNS)),
      clearOnComplete: true, // a line stays in its place
      hideCursor: true,
      fps: 5,
    });
    this.#bar.start(this.#total, this.#done, this.#payload());
  }

  #payload() {
    const rate = this.#rate();
    const left = rate > 0 ? duration((this.#total - this.#done) / rate) : 'unknown';
    const resumed = this.#begun > 0 ? `, ${this.#begun} resumed` : '';
    return { rate: rate.toFixed(rate < 10 ? 2 : 0), left, failures: `${this.#failed} failed`, resumed };
  }

  /** Images a second, lately. */
  #rate(): number {
    const first = this.#recent[0]!;
    const seconds = (this.#now() - first.atMs) / 1000;
    return seconds > 0 ? (this.#done - first.done) / seconds : 0;
  }

  #lineIsDue(atMs: number): boolean {
    const step = Math.max(1, (this.#total - this.#begun) * LINE_EVERY_SHARE);
    return (
      atMs - this.#lastLineMs >= LINE_EVERY_MS || this.#done - this.#lastLineDone >= step || this.#done === this.#total
    );
  }

  #report(atMs: number): void {
    this.#lastLineMs = atMs;
    this.#lastLineDone = this.#done;
    const { rate, left, failures } = this.#payload();
    const percent = Math.floor((100 * this.#done) / Math.max(1, this.#total));
    const rest = this.#done < this.#total ? `, ETA ${left}` : '';
    this.#line(`${this.#done} of ${this.#total} images (${percent} %), ${rate} images/s, ${failures}${rest}`);
  }

  #line(text: string): void {
    this.#stream.write(`${text.split('\n').map(printable).join('\n')}\n`);
  }
}

/** @param seconds - Of a time still to come, so one unit beside the largest is enough. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
