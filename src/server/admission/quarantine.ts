import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { FAILURES, PreannotateError, type FailureCode } from '../../core/errors.js';
import { LruMap } from '../../core/lru.js';

const MAX_IMAGES = 1000;
const QUARANTINE_MS = 10 * 60_000; // then the image is tried again: workers also die for other reasons

/** Images that crashed or blocked a worker, by content; sent again, they are refused and cost no other worker. */
export class Quarantine {
  readonly #untilMs = new LruMap<string, number>(MAX_IMAGES);
  #isEmpty = true; // usually, and then no image is hashed

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
      message: 'A few minutes ago, a worker crashed or timed out on this image; it is not tried again for now.',
      hint: 'Save it again in another format.',
    });
  }
}

function keyOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
