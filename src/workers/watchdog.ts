const INTERVAL_MS = 5_000;

/** Notices a process that has work and sends no heartbeat. */
export class Watchdog implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #lastHeartbeat = performance.now();
  #lastCheck = performance.now();
  /** The process was reported, and has sent no heartbeat since. */
  hasStalled = false;

  /** @param timeoutMs - How long the next heartbeat may take; Infinity where none is expected. */
  constructor({ timeoutMs, onStall }: { timeoutMs: () => number; onStall: () => void }) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      // After a pause of this whole process (SIGSTOP, a sleeping laptop) the child had no chance to answer.
      if (now - this.#lastCheck > 3 * INTERVAL_MS) this.#lastHeartbeat = now;
      this.#lastCheck = now;
      if (now - this.#lastHeartbeat <= timeoutMs()) return;
      this.hasStalled = true;
      onStall();
    }, INTERVAL_MS).unref();
  }

  /** The process is alive, or has just been given work. */
  heartbeat(): void {
    this.#lastHeartbeat = performance.now();
    this.hasStalled = false;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
