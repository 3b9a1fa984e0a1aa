import { RequestError } from '../../http/request-error.js';

/** Room is freed image by image, so a client never has to wait longer than this before it asks again. */
const MAX_RETRY_AFTER_SEC = 60;

/** What a request occupies in the server until it is answered. */
export interface Load {
  readonly items: number; // images
  readonly bytes: number; // of the body and of images fetched by URL
}

/** What a request occupies so far; dispose of it when the request is answered. */
export interface Share extends Disposable {
  /** Occupies more. @throws RequestError QUEUE_FULL */
  grow(load: Load): void;
  /** A further share of the same request, which can be released sooner. */
  split(): Share;
}

/**
 * Bounds what is in the server at once, so that its memory does not grow with the number of requests. The only place
 * that answers QUEUE_FULL (429).
 */
export class AdmissionControl {
  /** How long images have taken recently; QUEUE_FULL derives Retry-After from it. */
  readonly serviceTime = new ServiceTime();
  readonly #limit: Load;
  readonly #countReadyWorkers: () => number;
  #items = 0;
  #bytes = 0;

  constructor(limit: Load, countReadyWorkers: () => number) {
    this.#limit = limit;
    this.#countReadyWorkers = countReadyWorkers;
  }

  get items(): number {
    return this.#items;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#items >= this.#limit.items || this.#bytes >= this.#limit.bytes;
  }

  /**
   * Admits a request whose announced load fits. Its share starts empty and grows as bytes arrive: a client that
   * announces a body and does not send it keeps no other request out.
   *
   * @throws RequestError QUEUE_FULL
   */
  admit(announced: Load): Share {
    this.#requireRoom(announced);
    return this.#createShare();
  }

  #createShare(): Share {
    let own: Load = { items: 0, bytes: 0 };
    let isDisposed = false;
    const grow = ({ items, bytes }: Load) => {
      if (isDisposed) return; // the request has ended meanwhile
      this.#requireRoom({ items, bytes });
      this.#items += items;
      this.#bytes += bytes;
      own = { items: own.items + items, bytes: own.bytes + bytes };
    };
    return {
      grow,
      split: () => this.#createShare(),
      [Symbol.dispose]: () => {
        isDisposed = true;
        this.#items -= own.items;
        this.#bytes -= own.bytes;
        own = { items: 0, bytes: 0 };
      },
    };
  }

  #requireRoom({ items, bytes }: Load): void {
    const hasRoomForItems = this.#items + items <= this.#limit.items;
    if (hasRoomForItems && this.#bytes + bytes <= this.#limit.bytes) return;
    const full = hasRoomForItems ? `${this.#bytes} bytes of images` : `${this.#items} images`;
    const message = `The server has ${full} in progress and accepts no more now; try again in a moment.`;
    const seconds = Math.min(MAX_RETRY_AFTER_SEC, Math.max(1, Math.ceil(this.#secondsLeft())));
    throw new RequestError('QUEUE_FULL', message, { headers: { 'retry-after': String(seconds) } });
  }

  /** How long everything that has been admitted will take. */
  #secondsLeft(): number {
    return (this.#items * this.serviceTime.secondsPerImage) / Math.max(1, this.#countReadyWorkers());
  }
}

const WEIGHT = 0.1; // of the newest chunk: about the last twenty count

/** Recent time per image of one worker, as a moving average. */
class ServiceTime {
  /** 0 before the first image. */
  secondsPerImage = 0;

  /** @param inferMs - Time that the device took for that many images. */
  record(images: number, inferMs: number): void {
    const seconds = inferMs / images / 1000;
    this.secondsPerImage += (this.secondsPerImage === 0 ? 1 : WEIGHT) * (seconds - this.secondsPerImage);
  }
}
