import { performance } from 'node:perf_hooks';
import { messageOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { Connection } from './connection.js';

const CHECK_MS = 1000;
const FIRST_NOTE_MS = 5000;
const SECOND_NOTE_MS = 30_000;
const LATER_NOTES_MS = 600_000; // of a wait that may last the night

/** Whether a Redis has answered with an error, such as that it is full or a replica. Later it may answer otherwise. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Reports when a Redis is away, and when it is back. Work goes on by itself. */
export class RedisWatch implements Disposable {
  readonly #name: string;
  readonly #note: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #downSince: number | undefined;
  #nextNoteMs = FIRST_NOTE_MS;
  #reason = '';
  #hasAdvised = false;

  constructor({ redis, name }: Connection, note: (message: string) => void) {
    this.#name = name;
    this.#note = note;
    redis.on('error', (error) => (this.#reason = printable(messageOf(error))));
    redis.on('close', () => (this.#downSince ??= performance.now()));
    redis.on('ready', () => this.#up());
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    this.#timer.unref();
  }

  /** Reports a Redis that answers, but takes nothing more. */
  refused(error: unknown): void {
    const message = printable(messageOf(error));
    if (this.#hasAdvised) return;
    this.#hasAdvised = true;
    setTimeout(() => (this.#hasAdvised = false), LATER_NOTES_MS).unref();
    const advice = message.includes('OOM')
      ? 'Its memory is full: raise maxmemory, or free some. Work goes on then, and nothing is lost.'
      : 'It is tried again every few seconds; nothing is lost.';
    this.#note(`The Redis at ${this.#name} refuses to store work (${message}). ${advice}`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #up(): void {
    const downMs = this.#downSince === undefined ? 0 : performance.now() - this.#downSince;
    this.#downSince = undefined;
    if (this.#nextNoteMs > FIRST_NOTE_MS) {
      this.#note(`The Redis at ${this.#name} answers again after ${Math.round(downMs / 1000)} s; work goes on.`);
    }
    this.#nextNoteMs = FIRST_NOTE_MS;
  }

  #check(): void {
    if (this.#downSince === undefined) return;
    const downMs = performance.now() - this.#downSince;
    if (downMs < this.#nextNoteMs) return;
    const why = this.#reason === '' ? '' : ` (${this.#reason})`;
    if (this.#nextNoteMs === FIRST_NOTE_MS) {
      this.#note(`The Redis at ${this.#name} does not answer${why}; it is tried again and again.`);
      this.#nextNoteMs = SECOND_NOTE_MS;
    } else {
      this.#note(
        `The Redis at ${this.#name} has been away for ${Math.round(downMs / 1000)} s${why}. Start it again, or check ` +
          'the network: work then goes on by itself, and what it has forgotten is handed out again. To stop instead, ' +
          'press Ctrl-C; finished images are saved.',
      );
      this.#nextNoteMs = downMs + LATER_NOTES_MS;
    }
  }
}
