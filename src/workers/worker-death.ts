import type { Exit } from './child-process.js';

/** How a worker ended, and whether what it was doing can have been the cause. */
export interface WorkerDeath extends Exit {
  readonly wasKilled: boolean; // by another process, and not because memory ran out
}

/** Sent by other processes. One that crashes gets another signal (SIGSEGV, SIGABRT), or ends with an exit code. */
const SIGNALS_OF_OTHERS: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']);

/** @param hasStalled - It was killed because it did not answer, which its work can have caused. */
export function describeDeath(exit: Exit, hasStalled: boolean): WorkerDeath {
  const mayBeCausedByWork = hasStalled || exit.wasOutOfMemory === true;
  return { ...exit, wasKilled: !mayBeCausedByWork && SIGNALS_OF_OTHERS.has(exit.signal ?? '') };
}

/** The first time, other images of the worker may have caused it; the second time, the image was alone. */
const MAX_CRASHES = 2;

/** Kills that affect one work item only are unlikely to be random: a memory watchdog may be killing it. */
const MAX_DEATHS = 5;

/** Allowed on top, where workers are killed whatever they do. Fewer than the crashes in a row that end a run. */
const MAX_EXCUSED = 4;

/** Counts the workers that died while they had one piece of work, and decides when the work is the cause. */
export class DeathRecord {
  #crashes = 0;
  #kills = 0;
  #killsBefore = 0; // of any worker, before the first that counts here
  #killsInAll = 0;

  get count(): number {
    return this.#crashes + this.#kills;
  }

  /** Whether the work is given up. */
  get isConclusive(): boolean {
    const elsewhere = this.#killsInAll - this.#killsBefore - this.#kills;
    return this.#crashes >= MAX_CRASHES || this.count >= MAX_DEATHS + Math.min(elsewhere, MAX_EXCUSED);
  }

  /** @param killsInAll - Workers of the pool that were killed so far, whatever they had, this one included. */
  add({ wasKilled }: WorkerDeath, killsInAll: number): void {
    if (this.count === 0) this.#killsBefore = killsInAll - (wasKilled ? 1 : 0);
    this.#killsInAll = killsInAll;
    if (wasKilled) this.#kills++;
    else this.#crashes++;
  }
}
