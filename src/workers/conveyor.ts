import { performance } from 'node:perf_hooks';
import { messageOf } from '../core/errors.js';
import type { ImageOutcome, ImageSource } from '../core/image.js';
import type { Detector, QueryBank } from '../model/detector.js';
import type { ImagePreparer, Preparation, PreparedImage } from './prepare.js';
import type { FromWorker, StageTimes } from './protocol.js';

/** A chunk of images on its way through the worker; being prepared from the moment it arrived. */
interface Chunk {
  readonly id: number;
  readonly images: readonly ImageSource[];
  readonly queries: QueryBank;
  readonly prepared: Promise<Preparation[]>;
  readonly times: Record<keyof StageTimes, number>;
}

/**
 * Runs chunks through the device one after another. Every chunk that has arrived is being decoded on libuv's threads
 * meanwhile: a run blocks this thread, but not those.
 */
export class Conveyor {
  readonly #detector: Detector;
  readonly #preparer: ImagePreparer;
  readonly #send: (message: FromWorker) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: { detector: Detector; preparer: ImagePreparer; send: (message: FromWorker) => void }) {
    this.#detector = parts.detector;
    this.#preparer = parts.preparer;
    this.#send = parts.send;
  }

  add(request: { id: number; images: readonly ImageSource[]; queries: QueryBank }): void {
    const times = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };
    const prepared = Promise.all(request.images.map((image) => this.#prepare(image, times)));
    const chunk: Chunk = { ...request, prepared, times };
    this.#last = this.#last.then(() => this.#run(chunk));
  }

  async #prepare(image: ImageSource, times: Chunk['times']): Promise<Preparation> {
    const preparation = await this.#preparer.prepare(image, times);
    this.#send({ type: 'alive' });
    return preparation;
  }

  async #run(chunk: Chunk): Promise<void> {
    const waitStart = performance.now();
    const prepared = await chunk.prepared;
    // One turn of the event loop: reads that ended during the last run go on to be decoded during the next one.
    await new Promise((resolve) => setImmediate(resolve));
    chunk.times.wait += performance.now() - waitStart;
    const usable = prepared.flatMap((preparation) => (preparation.ok ? [preparation.image] : []));
    const detections = usable.length === 0 ? [] : await this.#infer(chunk, usable);
    const outcomes = prepared.map((preparation, i): ImageOutcome => {
      const { name } = chunk.images[i]!;
      if (!preparation.ok) return { ok: false, name, failure: preparation.failure };
      const { stamp, size, degraded } = preparation.image;
      const found = detections[usable.indexOf(preparation.image)]!;
      const noted = degraded === undefined ? {} : { degraded };
      return { ok: true, result: { name, ...size, detections: found, ...stamp, ...noted } };
    });
    this.#send({ type: 'detected', id: chunk.id, outcomes, times: chunk.times, retire: this.#preparer.stuck > 0 });
  }

  async #infer(chunk: Chunk, images: readonly PreparedImage[]) {
    const start = performance.now();
    const pixels = images.length === 1 ? images[0]!.pixels : Buffer.concat(images.map((image) => image.pixels));
    const sizes = images.map(({ size }) => size);
    try {
      return await this.#detector.detect(pixels, sizes, chunk.queries);
    } catch (error) {
      // Images have one shape by now, so this is the device's or our fault: the parent sees it as a crash and retries.
      throw new Error(`the model failed on a batch of ${images.length}: ${messageOf(error)}`, { cause: error });
    } finally {
      chunk.times.infer += performance.now() - start;
    }
  }
}
