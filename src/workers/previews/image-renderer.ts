import { availableParallelism } from 'node:os';
import { PreviewArtist, type ThumbnailRequest } from './preview-artist.js';

const ENDING = 'the command is ending';
const MAX_PROCESSES = 4; // of some 80 MB each

/** A picture that was made. */
export interface Rendered {
  readonly bytes: Uint8Array;
  readonly sha256: string | undefined; // of the image's bytes
}

/** A request that waits for a process. */
interface Waiting {
  readonly request: () => Promise<ThumbnailRequest>;
  readonly resolve: (rendered: Rendered) => void;
  readonly reject: (error: unknown) => void;
}

/** Why a picture could not be made, for people. */
export class NotRendered extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'NotRendered';
  }
}

/** Makes pictures of images in child processes: those that were asked for last come first, as people scroll on. */
export class ImageRenderer implements AsyncDisposable {
  readonly #idle: PreviewArtist[] = [];
  readonly #all: PreviewArtist[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #maxWaiting: number;
  #isOver = false;

  /** @param maxWaiting - Where more wait, the oldest request is given up: its image is out of sight by then. */
  constructor(maxWaiting = Infinity) {
    this.#maxWaiting = maxWaiting;
  }

  /**
   * @param request - Called when its turn has come.
   * @param signal - Gives up what has not begun yet.
   * @throws NotRendered; RangeError where too many others were asked for since; the signal's reason
   */
  render(request: () => Promise<ThumbnailRequest>, signal: AbortSignal): Promise<Rendered> {
    return new Promise((resolve, reject) => {
      const waiting = { request, resolve, reject };
      const giveUp = () => {
        const at = this.#waiting.indexOf(waiting);
        if (at === -1) return;
        this.#waiting.splice(at, 1);
        reject(signal.reason as Error);
      };
      if (signal.aborted || this.#isOver) {
        reject(this.#isOver ? new NotRendered(ENDING) : (signal.reason as Error));
        return;
      }
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiting);
      if (this.#waiting.length > this.#maxWaiting) this.#waiting.shift()!.reject(new RangeError('too many wait'));
      void this.#work();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new NotRendered(ENDING));
    await Promise.all(this.#all.map((artist) => artist[Symbol.asyncDispose]()));
  }

  /** Works until nothing waits, if a process is free. */
  async #work(): Promise<void> {
    const artist = this.#idle.pop() ?? this.#start();
    if (artist === undefined) return;
    for (let next = this.#waiting.pop(); next !== undefined && !this.#isOver; next = this.#waiting.pop()) {
      const { request, resolve, reject } = next;
      try {
        const { thumbnail: bytes, sha256, problem } = await artist.draw(await request());
        if (bytes === undefined) reject(new NotRendered(problem ?? 'it could not be drawn'));
        else resolve({ bytes, sha256 });
      } catch (error) {
        reject(error);
      }
    }
    this.#idle.push(artist);
  }

  #start(): PreviewArtist | undefined {
    if (this.#isOver || this.#all.length >= Math.min(MAX_PROCESSES, availableParallelism())) return undefined;
    const artist = new PreviewArtist();
    this.#all.push(artist);
    return artist;
  }
}
