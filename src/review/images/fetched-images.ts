import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { LruMap } from '../../core/lru.js';
import { RequestError } from '../../http/request-error.js';
import type { FetchSettings } from '../../images/remote/fetch-settings.js';
import { openRemoteImages } from '../../images/remote/open-remote-images.js';
import type { RemoteImages } from '../../images/remote/remote-images.js';
import type { ImageRecord } from '../../run/record.js';
import { changedError } from './file-versions.js';
import { SharedWork } from './shared-work.js';

const AT_ONCE = 6; // as many as browsers ask one host for
const KEPT_BYTES = 128_000_000; // several of the images that were looked at last

/** Remote images, fetched when they are looked at, a few at once. Those that were looked at last are in memory. */
export class FetchedImages implements AsyncDisposable {
  readonly #settings: () => FetchSettings;
  readonly #limit = pLimit({ concurrency: AT_ONCE, rejectOnClear: true });
  readonly #fetching = new SharedWork<Uint8Array>();
  readonly #kept = new LruMap<string, Uint8Array>(KEPT_BYTES, ({ length }) => length); // by SHA-256
  #remote: Promise<RemoteImages> | undefined;

  constructor(settings: () => FetchSettings) {
    this.#settings = settings;
  }

  /**
   * The bytes that the run has seen.
   *
   * @throws RequestError NOT_FOUND where the address is not stored, IMAGE_CHANGED where there are other ones now;
   *   PreannotateError with the reason why the image cannot be had
   */
  async get(record: ImageRecord, signal: AbortSignal): Promise<Uint8Array> {
    const { sha256 } = record;
    const kept = this.#kept.get(sha256);
    if (kept !== undefined) return kept;
    return await this.#fetching.run(sha256, signal, (abandoned) => this.#limit(() => this.#fetch(record, abandoned)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#limit.clearQueue();
    const remote = await this.#remote?.catch(() => undefined); // that it could not be opened was told to its caller
    await remote?.[Symbol.asyncDispose]();
  }

  async #fetch({ image: name, url, sha256 }: ImageRecord, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    if (url === undefined)
      throw new RequestError(
        'NOT_FOUND',
        `${name} cannot be fetched: addresses with a query or a password are not stored.`,
      );
    this.#remote ??= openRemoteImages(this.#settings());
    using fetched = await (await this.#remote).fetch({ name, url }, signal);
    const { bytes } = fetched;
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw changedError(name);
    this.#kept.set(sha256, bytes);
    return bytes;
  }
}
