import { performance } from 'node:perf_hooks';
import { counted, printable } from '../../core/text.js';
import type { TakenPart } from '../../workers/engine.js';
import { hostOf } from '../keys.js';
import { parseStored, WorkerEntry } from '../protocol.js';

/** A worker whose entry has not changed for so long, on our own clock, is lost. */
const LOST_MS = 30_000;

/** How long a run waits for its first worker before it says so, and until it says so again. */
const FIRST_WAIT_MS = 10_000;
const NEXT_WAIT_MS = 600_000;

/** A worker as this process has seen it. */
interface Seen {
  entry: WorkerEntry;
  changedAtMs: number;
  isThere: boolean;
}

interface WorkersSeenOptions {
  readonly note: (message: string) => void;
  readonly startCommand: string; // of a worker for this run
}

/** The workers of a run, as their entries in the Redis show them: notes who comes and goes. */
export class WorkersSeen {
  readonly #options: WorkersSeenOptions;
  readonly #workers = new Map<string, Seen>();
  readonly #accepted = new Map<string, number>(); // images by worker
  readonly #refusals = new Set<string>();
  #aloneSince = performance.now();
  #nextWaitMs = FIRST_WAIT_MS;

  constructor(options: WorkersSeenOptions) {
    this.#options = options;
  }

  /** Workers that take work now. */
  get present(): readonly WorkerEntry[] {
    return [...this.#workers.values()].flatMap(({ entry, isThere }) => (isThere ? [entry] : []));
  }

  /** For run.json: by host and devices, only those whose results were taken. */
  listTakenPart(): TakenPart[] {
    const byPlace = new Map<string, TakenPart>();
    for (const [id, images] of this.#accepted) {
      const entry = this.#workers.get(id)?.entry;
      const place = { host: entry?.host ?? hostOf(id), devices: [...(entry?.devices ?? [])] };
      const key = JSON.stringify(place);
      byPlace.set(key, { ...place, images: (byPlace.get(key)?.images ?? 0) + images });
    }
    return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
  }

  knows(worker: string): boolean {
    return this.#workers.has(worker);
  }

  /** Counts images whose results were taken. */
  count(worker: string, images: number): void {
    this.#accepted.set(worker, (this.#accepted.get(worker) ?? 0) + images);
  }

  /** @param entries - By worker id, as the Redis has them. @returns The ids of those that are lost */
  update(entries: Readonly<Record<string, string>>): string[] {
    const now = performance.now();
    for (const [id, text] of Object.entries(entries)) {
      const entry = parseStored(WorkerEntry, text);
      if (entry?.state === 'refused') this.#noteRefusal(entry);
      else if (entry?.state === 'working') this.#see(id, entry, now);
    }
    const lost = [...this.#workers].filter(([id, seen]) => seen.isThere && this.#isGone(id, seen, { entries, now }));
    if (this.present.length > 0) this.#aloneSince = now;
    else this.#noteWaiting(now - this.#aloneSince);
    if (this.present.length > 0) this.#nextWaitMs = FIRST_WAIT_MS;
    return lost.map(([id]) => id);
  }

  #see(id: string, entry: WorkerEntry, now: number): void {
    const seen = this.#workers.get(id);
    if (seen === undefined) {
      this.#workers.set(id, { entry, changedAtMs: now, isThere: true });
      this.#note(entry, 'takes part');
      return;
    }
    if (seen.entry.beat === entry.beat) return;
    const isBack = !seen.isThere;
    Object.assign(seen, { entry, changedAtMs: now, isThere: true });
    if (isBack) this.#note(entry, 'is back');
  }

  /** @returns Whether it is lost, and its entry with it */
  #isGone(
    id: string,
    seen: Seen,
    { entries, now }: { readonly entries: Readonly<Record<string, string>>; readonly now: number },
  ): boolean {
    const isSilent = now - seen.changedAtMs > LOST_MS;
    const hasLeft = !Object.hasOwn(entries, id);
    if (!isSilent && !hasLeft) return false;
    seen.isThere = false;
    this.#note(seen.entry, hasLeft ? 'has left' : 'is lost; what it had is given to others');
    return !hasLeft;
  }

  #note(entry: WorkerEntry, what: string): void {
    const { host, pid, devices, processes } = entry;
    const on = devices.map(printable).join(', ');
    const there = this.present.length;
    this.#options.note(
      `Worker ${printable(host)} (pid ${pid}: ${counted(processes, 'process', 'processes')} on ${on}) ${what}: ` +
        `${there === 0 ? 'no worker' : counted(there, 'worker')} now.`,
    );
  }

  #noteRefusal({ host, message = 'it gives no reason' }: WorkerEntry): void {
    const text = `Worker ${printable(host)} cannot take part: ${printable(message)}`;
    if (this.#refusals.has(text)) return;
    this.#refusals.add(text);
    this.#options.note(text);
  }

  #noteWaiting(aloneMs: number): void {
    if (aloneMs < this.#nextWaitMs) return;
    this.#nextWaitMs = aloneMs + NEXT_WAIT_MS;
    const refused = this.#refusals.size === 0 ? '' : `\n${[...this.#refusals].join('\n')}`;
    this.#options.note(
      `No worker for ${Math.round(aloneMs / 1000)} s. Start one, here or on another machine: ` +
        `${this.#options.startCommand}${refused}`,
    );
  }
}
