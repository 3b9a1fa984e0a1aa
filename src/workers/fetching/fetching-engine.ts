import type { ImageOutcome, ImageSource, StageTimes } from '../../core/image.js';
import { PreannotateError } from '../../core/errors.js';
import type { Ontology } from '../../core/ontology.js';
import type { ChosenExample } from '../../core/seen-example.js';
import { publicAddressOf } from '../../images/remote/address.js';
import type { FetchedImage, RemoteImages } from '../../images/remote/remote-images.js';
import type { Placement } from '../devices/placement.js';
import type { Engine, EngineStatus, PrepareOptions } from '../engine.js';

/**
 * An engine that fetches remote images, and gives their bytes to another one. Images of other kinds go to it as they
 * are. An image that cannot be fetched is an outcome, as one is that cannot be decoded.
 */
export class FetchingEngine implements Engine {
  /** Twice as many: while those that the devices need are computed, as many are fetched. */
  readonly capacity: number;
  readonly #engine: Engine;
  readonly #remote: RemoteImages;

  /** @param engine - Disposed of together with this one. */
  constructor(engine: Engine, remote: RemoteImages) {
    this.#engine = engine;
    this.#remote = remote;
    this.capacity = 2 * engine.capacity;
  }

  async detect(image: ImageSource, ontology: Ontology, signal: AbortSignal): Promise<ImageOutcome> {
    if ('bytes' in image || image.url === undefined) return await this.#engine.detect(image, ontology, signal);
    const { name, url } = image;
    const fetched = await this.#fetch({ name, url }, signal);
    if (!('bytes' in fetched)) return fetched;
    using held = fetched;
    const { bytes, etag, modifiedMs } = held;
    const outcome = await this.#engine.detect({ name, bytes }, ontology, signal);
    if (!outcome.ok) return outcome;
    const stored = publicAddressOf(url);
    const result = {
      ...outcome.result,
      modifiedMs,
      ...(etag === undefined ? {} : { etag }),
      ...(stored === undefined ? {} : { url: stored }),
    };
    return { ...outcome, result };
  }

  async #fetch(
    image: { name: string; url: string },
    signal: AbortSignal,
  ): Promise<FetchedImage | (ImageOutcome & { ok: false })> {
    try {
      return await this.#remote.fetch(image, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PreannotateError) return { ok: false, name: image.name, failure: error.toFailure() };
      throw error;
    }
  }

  get placement(): Placement {
    return this.#engine.placement;
  }

  get times(): StageTimes {
    return this.#engine.times;
  }

  ready(): Promise<void> {
    return this.#engine.ready();
  }

  allReady(): Promise<void> {
    return this.#engine.allReady();
  }

  prepare(ontology: Ontology, options?: PrepareOptions): Promise<readonly ChosenExample[]> {
    return this.#engine.prepare(ontology, options);
  }

  expect(): Disposable {
    return this.#engine.expect();
  }

  status(): EngineStatus {
    return this.#engine.status();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
  }
}
