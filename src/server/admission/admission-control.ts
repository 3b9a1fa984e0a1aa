import { RequestError } from '../http/request-error.js';

/** Places become free one by one, so nobody is sent away for longer. */
const MAX_RETRY_AFTER_SEC = 60;

/** What a request takes of the server until it is answered. */
export interface Load {
  readonly items: number; // images
  readonly bytes: number; // of the body
}

/** What a request has taken so far; dispose of it when the request is answered. */
export interface Share extends Disposable {
  /** Takes more. @throws RequestError QUEUE_FULL */
  grow(load: Load): void;
  /** A share beside this one, for what is given back sooner. */
  split(): Share;
}

/** Bounds what is in the server at once: the memory of a server that is asked for more than it can do stays the same. */
export class AdmissionControl {
  readonly #limit: Load;
  readonly #secondsLeft: () => number;
  #items = 0;
  #bytes = 0;

  /** @param secondsLeft - How long what is in the server will take, for whoever must ask again. */
  constructor(limit: Load, secondsLeft: () => number) {
    this.#limit = limit;
    this.#secondsLeft = secondsLeft;
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
   * Lets a request in whose load there is room for. It takes its share as it comes: what a client has announced and does
   * not send keeps nobody out.
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
      if (isDisposed) return; // the request ended meanwhile
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
    if (this.#items + items > this.#limit.items || this.#bytes + bytes > this.#limit.bytes) {
      const what = this.#items + items > this.#limit.items ? `${this.#items} images` : `${this.#bytes} bytes of images`;
      const message = `The server has ${what} at hand and takes no more now; ask again in a moment.`;
      const seconds = Math.min(MAX_RETRY_AFTER_SEC, Math.max(1, Math.ceil(this.#secondsLeft())));
      throw new RequestError('QUEUE_FULL', message, { headers: { 'retry-after': String(seconds) } });
    }
  }
}
