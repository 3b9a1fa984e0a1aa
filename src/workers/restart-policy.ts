const MAX_FAILED_STARTS = 5; // in a row; then the device, not an image, is at fault
/** In a row, with those that another process killed, where some worker of the pool has been ready. */
const MAX_STARTS = 20;
const FIRST_PAUSE_MS = 500; // doubled with each failure
const LONGEST_PAUSE_MS = 30_000;
const LONG_PAUSES_AFTER_KILLS = 3; // the pause grows no further: up to 2 s
const IMMEDIATE_RESTARTS = 10; // after crashes with images in flight: images are the likelier cause

/**
 * Counts how the workers of one supervisor failed since the last one made progress, and decides when the next one
 * starts.
 */
export class RestartPolicy {
  crashes = 0; // with images in flight
  failedStarts = 0; // before the model was open
  #killedStarts = 0; // of them, those that say nothing about the device
  #idleDeaths = 0; // with nothing in flight

  /** @param saysNothing - The worker was killed by another process, and others have been ready. */
  recordFailedStart(saysNothing: boolean): void {
    this.failedStarts++;
    if (saysNothing) this.#killedStarts++;
  }

  recordCrash(): void {
    this.crashes++;
  }

  recordIdleDeath(): void {
    this.#idleDeaths++;
  }

  recordOpen(): void {
    this.failedStarts = 0;
    this.#killedStarts = 0;
  }

  /** The worker has finished a chunk or an encoding. */
  recordProgress(): void {
    this.crashes = 0;
    this.#idleDeaths = 0;
  }

  get shouldGiveUp(): boolean {
    return this.failedStarts - this.#killedStarts >= MAX_FAILED_STARTS || this.failedStarts >= MAX_STARTS;
  }

  /** Before the next start: a device that loses every worker must not restart them in a busy loop. */
  get pauseMs(): number {
    const starts = this.failedStarts - Math.max(0, this.#killedStarts - LONG_PAUSES_AFTER_KILLS);
    const count = Math.max(starts, this.crashes - IMMEDIATE_RESTARTS, this.#idleDeaths - 1);
    return count <= 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
  }
}
