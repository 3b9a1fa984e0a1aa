const MAX_FAILED_STARTS = 5; // in a row; then the device, not an image, is at fault
const FIRST_PAUSE_MS = 500; // doubled with each failure
const LONGEST_PAUSE_MS = 30_000;
const IMMEDIATE_RESTARTS = 10; // after crashes with images in flight: images are the likelier cause

/**
 * Counts how the workers of one supervisor failed since the last one made progress, and decides when the next one
 * starts.
 */
export class RestartPolicy {
  crashes = 0; // with images in flight
  failedStarts = 0; // before the model was open
  #idleDeaths = 0; // with nothing in flight

  recordFailedStart(): void {
    this.failedStarts++;
  }

  recordCrash(): void {
    this.crashes++;
  }

  recordIdleDeath(): void {
    this.#idleDeaths++;
  }

  recordOpen(): void {
    this.failedStarts = 0;
  }

  /** The worker has finished a chunk or an encoding. */
  recordProgress(): void {
    this.crashes = 0;
    this.#idleDeaths = 0;
  }

  get shouldGiveUp(): boolean {
    return this.failedStarts >= MAX_FAILED_STARTS;
  }

  /** Before the next start: a device that loses every worker must not restart them in a busy loop. */
  get pauseMs(): number {
    const count = Math.max(this.failedStarts, this.crashes - IMMEDIATE_RESTARTS, this.#idleDeaths - 1);
    return count <= 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
  }
}
