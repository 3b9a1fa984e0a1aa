import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { FAILURES, PreannotateError, type FailureCode } from '../../core/errors.js';
import { LruMap } from '../../core/lru.js';

const MAX_IMAGES = 1000;
const QUARANTINE_MS = 10 * 60_000; // then it gets another chance: workers also die for reasons of their own

/** Images that workers died with or were stuck in, by content: sent again, they are refused, and cost no worker. */
export class Quarantine {
  readonly #untilMs = new LruMap<string, number>(MAX_IMAGES);
  #isEmpty = true; // as good as always, and then nothing is hashed

  add(bytes: Uint8Array, code: FailureCode): void {
    if (!FAILURES[code].quarantinesImage) return;
    this.#untilMs.set(keyOf(bytes), performance.now() + QUARANTINE_MS);
    this.#isEmpty = false;
  }

  /** @throws PreannotateError IMAGE_QUARANTINED */
  requireNotQuarantined(bytes: Uint8Array): void {
    if (this.#isEmpty || performance.now() > (this.#untilMs.get(keyOf(bytes)) ?? 0)) return;
    throw new PreannotateError({
      code: 'IMAGE_QUARANTINED',
      message: 'A worker died of this image or was stuck in it a few minutes ago; it is not tried again for now.',
      hint: 'Save it again in another format.',
    });
  }
}

function keyOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
