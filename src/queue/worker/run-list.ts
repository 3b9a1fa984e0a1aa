import { performance } from 'node:perf_hooks';
import { ENDED } from '../keys.js';
import { parseStored, Registration } from '../protocol.js';

/** A producer that has shown no heartbeat for so long is gone: nothing would take the results. */
const SILENT_MS = 60_000;

/** A run that is missing may have been forgotten by a Redis that lost its data: its producer registers it again. */
const MISSING_MS = 10_000;

/** Time in which the Redis did not answer says nothing about producers. */
const LONGEST_POLL_MS = 1000;

export interface ListedRun {
  readonly id: string;
  readonly registration: Registration;
}

interface KnownRun {
  registration: Registration | undefined; // undefined for one that has ended
  beat: string | undefined;
  hasBeaten: boolean; // while we looked: what a killed producer has left is not worked on
  silentMs: number; // on our own clock
  missingMs: number;
}

/** The runs in the Redis, and which of them have a producer that lives. */
export class RunList {
  readonly #runs = new Map<string, KnownRun>();
  #updatedAtMs = performance.now();

  /** @param runs - By id, as the Redis has them; and the heartbeats of their producers. */
  update(runs: Readonly<Record<string, string>>, beats: Readonly<Record<string, string>>): void {
    const now = performance.now();
    const passedMs = Math.min(now - this.#updatedAtMs, LONGEST_POLL_MS);
    this.#updatedAtMs = now;
    for (const id of Object.keys(runs)) {
      if (!this.#runs.has(id)) this.#runs.set(id, { ...NEW, beat: beats[id] });
    }
    for (const [id, run] of this.#runs) {
      const text = runs[id];
      if (text !== undefined) run.registration = text === ENDED ? undefined : parseStored(Registration, text);
      run.missingMs = text === undefined ? run.missingMs + passedMs : 0;
      const hasBeaten = beats[id] !== run.beat;
      run.beat = beats[id];
      run.hasBeaten ||= hasBeaten;
      run.silentMs = hasBeaten ? 0 : run.silentMs + passedMs;
      if (run.missingMs > MISSING_MS * 2) this.#runs.delete(id);
    }
  }

  /** Whether the Redis has it, so that something may be written for it. */
  has(id: string): boolean {
    const run = this.#runs.get(id);
    return run?.registration !== undefined && run.missingMs === 0;
  }

  get alive(): ListedRun[] {
    return [...this.#runs].flatMap(([id, { registration, hasBeaten, silentMs, missingMs }]) => {
      const isAlive = hasBeaten && silentMs < SILENT_MS && missingMs === 0;
      return registration !== undefined && isAlive ? [{ id, registration }] : [];
    });
  }

  /** Why nothing more is to be done for a run that was begun under a key; undefined while there is. */
  findEnd(id: string, key: string): string | undefined {
    const run = this.#runs.get(id);
    if (run === undefined || run.registration === undefined) return 'has ended';
    if (run.registration.key !== key) return 'was started again with other options';
    if (run.missingMs >= MISSING_MS) return 'is gone from the Redis';
    return run.silentMs >= SILENT_MS ? 'has no producer any more' : undefined;
  }
}

const NEW = { registration: undefined, hasBeaten: false, silentMs: 0, missingMs: 0 } as const;
