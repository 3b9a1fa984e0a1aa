import { performance } from 'node:perf_hooks';
import type cliProgress from 'cli-progress';
import { DownloadProgress } from './download.js';
import type { FinishedImage, ProgressCounts, RunProgress } from './run-progress.js';
import { isJsonLog, writeEvent } from './log.js';
import { createBar, isBar, isJsonProgress, writeLines, writeNote, type ProgressOptions } from './terminal.js';

const LINE_EVERY_MS = 10_000;
const LINE_EVERY_SHARE = 0.1;
const MIN_LINE_MS = 1_000; // a short run needs few lines
const TEXT_COLUMNS = 75; // beside the bar
const RATE_WINDOW_MS = 15_000; // recent images predict the rest better than the first ones
const SAMPLE_MS = 50; // thousands of images a second are not remembered one by one

/** Shows the progress of a run: a bar on a terminal, plain lines elsewhere. */
export class Progress implements RunProgress {
  readonly #stream: ProgressOptions['stream'];
  readonly #quiet: boolean;
  readonly #options: ProgressOptions;
  readonly #now: () => number;
  #bar: cliProgress.SingleBar | undefined;
  #total = 0;
  #isOpen = false; // more images may come
  #resumed = 0; // images finished by earlier attempts
  #done = 0;
  #failed = 0;
  #ticks = 0; // images done by this attempt: where files change, one may be done again
  #lastLineMs = 0;
  #lastLineTicks = 0;
  #lastLineCounts = '';
  #recent: { atMs: number; ticks: number }[] = [];

  constructor(options: ProgressOptions) {
    const { stream, quiet, now } = options;
    this.#options = options;
    this.#stream = stream;
    this.#quiet = quiet;
    this.#now = now ?? (() => performance.now());
  }

  /** @param known.done - Images that earlier attempts finished: they count as done, but not for the rate. */
  start({ isOpen = false, ...known }: Omit<ProgressCounts, 'failed'> & { failed?: number; isOpen?: boolean }): void {
    this.#isOpen = isOpen;
    this.#set({ failed: 0, ...known });
    this.#resumed = known.done;
    this.#lastLineCounts = this.#counts();
    this.#lastLineMs = this.#now();
    this.#recent = [{ atMs: this.#now(), ticks: this.#ticks }];
    if (this.#quiet || this.#options.style === 'none') return;
    if (isBar(this.#options)) this.#startBar();
    else if (isJsonProgress(this.#options)) this.#writeEvent(`${known.done} of ${known.total} images are done.`);
    else if (known.done > 0) writeLines(this.#stream, `${known.done} of ${known.total} images are already done.`);
  }

  /** Images have come or gone. */
  follow(counts: ProgressCounts): void {
    this.#set(counts);
    this.#bar?.setTotal(this.#total);
    this.#bar?.update(this.#done, this.#numbers());
  }

  /** An image is done. @param counts - Where images come and go: all of them, as they are now. */
  tick(outcome: FinishedImage, counts?: ProgressCounts): void {
    const next = { total: this.#total, done: this.#done + 1, failed: this.#failed + Number(!outcome.ok) };
    this.#reportFailure(outcome);
    this.follow(counts ?? next);
    this.#ticks++;
    const atMs = this.#now();
    if (atMs - this.#recent.at(-1)!.atMs >= SAMPLE_MS) this.#recent.push({ atMs, ticks: this.#ticks });
    while (this.#recent.length > 2 && atMs - this.#recent[0]!.atMs > RATE_WINDOW_MS) this.#recent.shift();
    if (!this.#quiet && this.#bar === undefined && this.#lineIsDue(atMs)) this.#writeProgressLine(atMs);
  }

  /** Progress of a download that must finish before the run can begin. */
  download(): DownloadProgress {
    return new DownloadProgress(this.#options);
  }

  /** Prints a note above the bar. */
  note(message: string): void {
    if (this.#quiet) return;
    if (this.#bar === undefined) {
      writeNote(this.#stream, message);
      return;
    }
    this.#bar.stop();
    writeNote(this.#stream, message);
    if (isBar(this.#options)) this.#startBar();
  }

  stop(): void {
    this.#bar?.update(this.#done, this.#numbers());
    this.#bar?.stop();
    this.#bar = undefined;
    const isShown = this.#ticks === this.#lastLineTicks && this.#counts() === this.#lastLineCounts;
    if (!this.#quiet && !isShown) this.#writeProgressLine(this.#now());
  }

  #set({ total, done, failed }: ProgressCounts): void {
    this.#total = total;
    this.#done = done;
    this.#failed = failed;
  }

  #counts(): string {
    return `${this.#done} of ${this.#total}, ${this.#failed}`;
  }

  #startBar(): void {
    this.#bar = createBar(this.#stream, {
      format: ' {bar} {percentage}% | {value}/{total} | {rate} images/s | ETA {left} | {failures}{resumed}',
      otherColumns: TEXT_COLUMNS,
      maxColumns: 40,
      clearOnComplete: true, // a line replaces it
    });
    this.#bar.start(this.#total, this.#done, this.#numbers());
  }

  #numbers() {
    const rate = this.#rate();
    const left = rate > 0 ? formatDuration((this.#total - this.#done) / rate) : 'unknown';
    const resumed = this.#resumed > 0 ? `, ${this.#resumed} resumed` : '';
    return { rate: rate.toFixed(rate < 10 ? 2 : 0), left, failures: `${this.#failed} failed`, resumed };
  }

  /** Images per second, in the recent past. */
  #rate(): number {
    const first = this.#recent[0]!;
    const seconds = (this.#now() - first.atMs) / 1000;
    return seconds > 0 ? (this.#ticks - first.ticks) / seconds : 0;
  }

  #lineIsDue(atMs: number): boolean {
    const step = Math.max(1, (this.#total - this.#resumed) * LINE_EVERY_SHARE);
    const sinceMs = atMs - this.#lastLineMs;
    const isStep = this.#ticks - this.#lastLineTicks >= step && sinceMs >= MIN_LINE_MS;
    return sinceMs >= LINE_EVERY_MS || isStep || (this.#done === this.#total && !this.#isOpen);
  }

  #writeProgressLine(atMs: number): void {
    this.#lastLineMs = atMs;
    this.#lastLineTicks = this.#ticks;
    this.#lastLineCounts = this.#counts();
    const { rate, left, failures } = this.#numbers();
    const percent = Math.floor((100 * this.#done) / Math.max(1, this.#total));
    const rest = this.#done < this.#total && !this.#isOpen ? `, ETA ${left}` : '';
    const text = `${this.#done} of ${this.#total} images (${percent} %), ${rate} images/s, ${failures}${rest}`;
    if (isJsonProgress(this.#options)) this.#writeEvent(text);
    else if (this.#options.style !== 'none') writeLines(this.#stream, text);
  }

  #writeEvent(message: string): void {
    const rate = this.#rate();
    const eta = rate > 0 && !this.#isOpen ? Math.ceil((this.#total - this.#done) / rate) : null;
    writeEvent(this.#stream, {
      ...{ level: 'info', event: 'progress', message, done: this.#done, total: this.#total, failed: this.#failed },
      ...{ resumed: this.#resumed, images_per_second: Math.round(rate * 1000) / 1000, eta_seconds: eta },
    });
  }

  /** For programs; people see it in the summary, or where the end may be far, as a note. */
  #reportFailure({ ok, name, failure }: FinishedImage): void {
    if (ok || failure === undefined || this.#quiet || !isJsonLog()) return;
    const { code, message } = failure;
    writeEvent(this.#stream, { level: 'warn', event: 'image_failed', message, image: name, code });
  }
}

/** Text for a time that is left, in at most two units. */
function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
