const MAX_FAILED_STARTS = 5; // in a row; then the device, not an image, is at fault
const FIRST_PAUSE_MS = 500; // doubled with each setback
const LONGEST_PAUSE_MS = 30_000;
const PROMPT_RESTARTS = 10; // workers that died with an image and are replaced at once: images are the likelier cause

/** How the workers of one place have ended, one after another, since one of them last did something. */
export class Setbacks {
  crashes = 0; // with images in hand
  #failedStarts = 0;
  #idleDeaths = 0; // with nothing in hand

  /** It died before it had opened the model. @returns Whether that is the end of it */
  failedToStart(): boolean {
    return ++this.#failedStarts >= MAX_FAILED_STARTS;
  }

  crashed(): void {
    this.crashes++;
  }

  diedIdle(): void {
    this.#idleDeaths++;
  }

  opened(): void {
    this.#failedStarts = 0;
  }

  /** It has finished something. */
  worked(): void {
    this.crashes = 0;
    this.#idleDeaths = 0;
  }

  /** Before the next one is started; a place that loses every one of them must not do so in a busy loop. */
  get pauseMs(): number {
    const count = Math.max(this.#failedStarts, this.crashes - PROMPT_RESTARTS, this.#idleDeaths - 1);
    return count <= 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
  }

  get failedStarts(): number {
    return this.#failedStarts;
  }
}
