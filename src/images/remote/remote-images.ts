import { setMaxListeners } from 'node:events';
import { Budget } from '../budget.js';
import { PreannotateError } from '../../core/errors.js';
import { untilAborted } from '../../core/stream.js';
import { collectBody } from '../../net/send-get.js';
import { fetchFailedError, imageTooLargeError } from '../../net/url-errors.js';
import { parseAddress, type RemoteAddress } from './address.js';
import { Deadline } from './deadline.js';
import { cutShortError, toAttemptError, toImageError } from './fetch-errors.js';
import type { FetchSettings } from './fetch-settings.js';
import { HttpSource } from './http-source.js';
import type { OpenedImage } from './image-source.js';
import { Retries } from './retry.js';
import { S3Source } from './s3/s3-source.js';

/** Memory of the images that are being fetched or wait for a worker; a larger image is fetched alone. */
const BYTES_AT_ONCE = 128_000_000;

/** Reserved for an image whose size its server does not state. A larger one is fetched again, with its full room. */
const UNKNOWN_BYTES = 16_000_000;

/** The bytes of a remote image. Dispose of it when they are not needed any more: others may wait for the memory. */
export interface FetchedImage extends Disposable {
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
  readonly modifiedMs: number; // 0 where it is not known
}

/** Fetches images by their addresses, each as a whole and from one answer. The caller disposes of it. */
export class RemoteImages implements AsyncDisposable {
  readonly #settings: FetchSettings;
  readonly #http: HttpSource;
  readonly #s3: S3Source;
  readonly #retries: Retries;
  readonly #budget = new Budget(BYTES_AT_ONCE);

  constructor(settings: FetchSettings) {
    this.#settings = settings;
    this.#http = new HttpSource(settings);
    this.#s3 = new S3Source(settings);
    this.#retries = new Retries(settings.perHost);
  }

  /**
   * @param image - Messages have its name, and nothing else of its address.
   * @throws PreannotateError with the reason why this image cannot be had; the signal's reason
   */
  async fetch(
    { name, url }: { readonly name: string; readonly url: string },
    signal: AbortSignal,
  ): Promise<FetchedImage> {
    const address = parseAddress(url);
    setMaxListeners(0, signal); // all that is fetched at once listens
    try {
      if (address.kind === 'invalid') throw fetchFailedError(`its address ${address.problem}`);
      const attempt = () => this.#attempt(address, signal);
      return await this.#retries.run(hostOf(address), attempt, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw toImageError(error, name, this.#settings);
    }
  }

  async #attempt(address: RemoteAddress, signal: AbortSignal): Promise<FetchedImage> {
    const { maxBytes } = this.#settings;
    const small = await this.#read(address, Math.min(UNKNOWN_BYTES, maxBytes), signal);
    return small ?? (await this.#read(address, maxBytes, signal))!;
  }

  /**
   * @param unknownBytes - Read at most where the server does not state the size.
   * @returns undefined where that is less than is allowed, and not enough.
   */
  async #read(address: RemoteAddress, unknownBytes: number, signal: AbortSignal): Promise<FetchedImage | undefined> {
    using deadline = new Deadline(this.#settings.timeoutMs, signal);
    if (address.kind === 's3') deadline.suspend(); // the SDK limits each of its attempts until the body begins
    let share: Disposable | undefined;
    let stop = () => {};
    let maxBytes: number | undefined;
    try {
      const { body, length, etag, modifiedMs } = await this.#open(address, deadline.signal);
      stop = () => void body.destroy();
      deadline.signal.addEventListener('abort', stop, { once: true });
      maxBytes = length ?? unknownBytes;
      if (maxBytes > this.#settings.maxBytes) throw imageTooLargeError(this.#settings.maxBytes);
      deadline.suspend();
      share = await this.#reserve(maxBytes, signal);
      deadline.restart();
      const bytes = await collectBody(body, { maxBytes });
      if (length !== undefined && bytes.length !== length) throw cutShortError();
      if (bytes.length === 0) throw fetchFailedError('its server sent an empty answer');
      const held = share;
      return { bytes, etag, modifiedMs, [Symbol.dispose]: () => held[Symbol.dispose]() };
    } catch (error) {
      share?.[Symbol.dispose]();
      deadline.signal.throwIfAborted();
      if (isTooLarge(error) && maxBytes === unknownBytes && unknownBytes < this.#settings.maxBytes) return undefined;
      throw toAttemptError(error);
    } finally {
      stop();
    }
  }

  async #open(address: RemoteAddress, signal: AbortSignal): Promise<OpenedImage> {
    return address.kind === 's3' ? await this.#s3.open(address, signal) : await this.#http.open(address, signal);
  }

  async #reserve(bytes: number, signal: AbortSignal): Promise<Disposable> {
    const taking = this.#budget.take(bytes);
    try {
      return await untilAborted(taking, signal);
    } catch (error) {
      void taking.then((share) => share[Symbol.dispose]());
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#http[Symbol.asyncDispose](), this.#s3[Symbol.asyncDispose]()]);
  }
}

function hostOf(address: RemoteAddress): string {
  return address.kind === 's3' ? `s3://${address.bucket}` : address.url.host;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof PreannotateError && error.code === 'IMAGE_TOO_LARGE';
}
