import type { Xyxy } from '../../core/box.js';
import { Child } from '../child-process.js';

const PREVIEW_WORKER = new URL('./preview-worker.js', import.meta.url);

const DRAWING_TIMEOUT_MS = 60_000;
const MAX_ATTEMPTS = 4; // at one picture, each in a new process

/** A box of a picture. */
interface DrawnBox {
  readonly box: Xyxy;
  readonly label: string;
  readonly colour: readonly [number, number, number];
}

/** One picture to draw. */
export interface PreviewRequest {
  readonly source: string | Uint8Array; // absolute path of the image, or its bytes
  readonly target: string; // absolute path of the JPEG
  /** What is drawn into it; `upright`: the image is only turned as its EXIF orientation says. */
  readonly boxes: readonly DrawnBox[] | 'upright';
  readonly limits: { readonly maxBytes: number; readonly maxPixels: number };
}

/** A copy of an image, which is in the answer. */
export interface ThumbnailRequest extends Pick<PreviewRequest, 'source' | 'limits'> {
  readonly thumbnailPx: number | 'full'; // of its longer side; full: it is not made smaller
}

export interface FromPreviewWorker {
  readonly problem: string | undefined; // what went wrong, if anything
  readonly thumbnail?: Uint8Array; // a WebP; of a whole image, a JPEG
  readonly sha256?: string; // of the image's bytes, of which it was made
  readonly writeError?: string | undefined; // code of the system, where the picture could not be written
}

type PreviewChild = Child<PreviewRequest | ThumbnailRequest, FromPreviewWorker>;

/** Draws in a child process, and starts another one when it dies or hangs. */
export class PreviewArtist implements AsyncDisposable {
  #child: PreviewChild | undefined;
  #answered = (_answer: FromPreviewWorker) => {};
  #last: Promise<unknown> = Promise.resolve();

  /**
   * One picture at a time.
   *
   * @param signal - Ends the process that draws, so that nothing waits for a picture.
   * @returns What went wrong, if anything; the target may have a part of the picture then.
   */
  draw(request: PreviewRequest | ThumbnailRequest, signal?: AbortSignal): Promise<FromPreviewWorker> {
    const drawn = this.#last.then(() => this.#drawOrRetry(request, signal));
    this.#last = drawn.catch(() => {}); // the next picture does not depend on it
    return drawn;
  }

  /** A process that was killed from outside, perhaps while it was starting, says nothing about the image. */
  async #drawOrRetry(
    request: PreviewRequest | ThumbnailRequest,
    signal: AbortSignal | undefined,
  ): Promise<FromPreviewWorker> {
    let how = '';
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      signal?.throwIfAborted();
      const outcome = await this.#drawOnce(request, signal);
      signal?.throwIfAborted();
      if ('problem' in outcome) return outcome;
      if (outcome.isTooSlow) return { problem: `it took more than ${DRAWING_TIMEOUT_MS / 1000} s` };
      how = outcome.died;
    }
    return { problem: `the process that draws died (${how})` };
  }

  async #drawOnce(
    request: PreviewRequest | ThumbnailRequest,
    signal: AbortSignal | undefined,
  ): Promise<FromPreviewWorker | { died: string; isTooSlow: boolean }> {
    const child = (this.#child ??= this.#start());
    const answered = new Promise<FromPreviewWorker>((resolve) => (this.#answered = resolve));
    let isTooSlow = false;
    const died = child.exited.then(({ how }) => ({ died: how, isTooSlow }));
    const deadline = setTimeout(() => {
      isTooSlow = true;
      child.kill();
    }, DRAWING_TIMEOUT_MS);
    const stop = () => child.kill();
    signal?.addEventListener('abort', stop);
    child.send(request);
    try {
      return await Promise.race([answered, died]);
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', stop);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
  }

  #start(): PreviewChild {
    const child: PreviewChild = new Child(PREVIEW_WORKER);
    child.onAnswer((answer) => this.#answered(answer));
    void child.exited.then(() => (this.#child = undefined));
    return child;
  }
}
