import { PreannotateError } from '../../core/errors.js';

/** Reading or decoding that takes longer is given up. The slowest of a corpus of hostile files decodes in seconds. */
export const STAGE_TIMEOUT_SECONDS = 30; // unless the settings say otherwise

/** On a machine that gives this process no time, a stage ends all the same: after this many times its limit. */
const LONGEST = 3;

/** A stage of the work on one image. */
export interface Stage {
  readonly what: 'reading' | 'decoding';
  readonly limitSec: number;
}

/**
 * Gives up images that take too long to read or to decode.
 *
 * Decoding is counted in the seconds that processors work on it: those of this process, shared evenly among all that it
 * decodes. On a machine that is busy with other programs, or with many images at once, a sound image is not refused as
 * one that takes too long.
 */
export class StageTimeout {
  /** Images that were given up; each still holds a thread, so the worker should be replaced. */
  givenUp = 0;
  readonly #measureUsedSec: () => number;
  #decoding = 0; // images

  /** @param measureUsedSec - Seconds that processors have worked for this process. */
  constructor(measureUsedSec = measureProcessSeconds) {
    this.#measureUsedSec = measureUsedSec;
  }

  /** @throws PreannotateError IMAGE_TIMEOUT */
  async watch<Result>(stage: Stage, work: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const isDecoding = stage.what === 'decoding';
    let usedSec = isDecoding ? this.#measureUsedSec() : 0; // a system call, too much for each read
    // Both in seconds in which this thread was free: while it computes or is stopped, it does not see finished work.
    let elapsed = 0;
    let counted = 0;
    const countDecoded = () => {
      const before = usedSec;
      usedSec = this.#measureUsedSec();
      return Math.min(1, (usedSec - before) / this.#decoding);
    };
    const late = new Promise<never>((_resolve, reject) => {
      timer = setInterval(() => {
        elapsed++;
        counted += isDecoding ? countDecoded() : 1;
        if (counted < stage.limitSec && elapsed < stage.limitSec * LONGEST) return;
        clearInterval(timer);
        this.givenUp++;
        reject(timeoutError(stage));
      }, 1000);
    });
    if (isDecoding) this.#decoding++;
    try {
      return await Promise.race([work, late]);
    } finally {
      clearInterval(timer);
      if (isDecoding) this.#decoding--;
    }
  }
}

function measureProcessSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function timeoutError({ what, limitSec }: Stage): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_TIMEOUT',
    message: `${what} took longer than ${limitSec} s and was given up.`,
    hint: 'Check the file and its disk. If the file itself decodes slowly, save it again in another format.',
  });
}
