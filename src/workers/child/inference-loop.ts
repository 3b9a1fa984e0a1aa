import { performance } from 'node:perf_hooks';
import type { Detection } from '../../core/detection.js';
import { messageOf, type Failure } from '../../core/errors.js';
import type { ImageOutcome, ImageSource, StageTimes } from '../../core/image.js';
import { mergeCrops } from '../../core/tiling/merge.js';
import type { Detector } from '../../model/detector.js';
import type { QueryBank } from '../../model/query-groups.js';
import { FittingBatches } from './fitting.js';
import { failureOf, type ImagePreparer, type PreparedImage } from './image-preparer.js';
import type { FromWorker, WorkerSettings } from '../protocol.js';

/** Images wait so long for one that is decoded slowly: to share its batch, or to let it go first. */
const PATIENCE_MS = 100;

/** What is answered for an image that nobody waits for. */
const CANCELLED: Failure = { code: 'STOPPED', message: 'Nobody waits for this image any more.', hint: 'Ask again.' };

/** Images that are answered together. */
interface Chunk {
  readonly id: number;
  readonly outcomes: ImageOutcome[];
  waiting: number; // images that have not boarded
  left: number; // images without an answer
  readonly cancelled: Set<number>; // nobody waits for these any more
}

/** An image, and what to look for in it. */
export interface Order {
  readonly source: ImageSource;
  readonly queries: QueryBank;
}

/** An image on its way through the model. */
interface PendingImage extends Order {
  readonly chunk: Chunk;
  readonly index: number; // in the chunk
  readonly image: PreparedImage;
  readonly found: Detection[][]; // by crop
  left: number; // crops
}

/** One place in a batch. */
interface BatchItem {
  readonly pending: PendingImage;
  readonly cropIndex: number;
  readonly pixels: Uint8Array;
}

/**
 * Runs images through the device in batches. Every image that has arrived is being decoded on libuv's threads meanwhile: a
 * run blocks this thread, but not those. Tiles are cut one by one as a batch fills up, and the tiles of several images share
 * batches, whatever is asked of each. Images board chunk by chunk, so that the parent can send the next one in time; but not
 * strictly: one that still waits for memory must let those board that hold it.
 */
export class InferenceLoop {
  readonly #detector: Detector;
  readonly #preparer: ImagePreparer;
  readonly #settings: WorkerSettings;
  readonly #send: (message: FromWorker) => void;
  readonly #batches: FittingBatches;
  readonly #chunks: Chunk[] = []; // with images that have not boarded
  readonly #open = new Map<number, Chunk>(); // without an answer
  readonly #ready: PendingImage[] = [];
  readonly #times: Record<keyof StageTimes, number> = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };
  #batch: BatchItem[] = [];
  #coming = 0; // images in preparation
  #unanswered = 0; // images
  #moving = false;
  #wake = () => {};

  constructor(parts: {
    detector: Detector;
    preparer: ImagePreparer;
    settings: WorkerSettings;
    send: (message: FromWorker) => void;
  }) {
    this.#detector = parts.detector;
    this.#preparer = parts.preparer;
    this.#settings = parts.settings;
    this.#send = parts.send;
    this.#batches = new FittingBatches((tried, fitted) => {
      const message =
        `The device has no memory for ${tried} images at once: batches are of ${fitted} from now on. ` +
        `--max-batch-size ${fitted} spares the attempt.`;
      this.#send({ type: 'notice', message });
    });
  }

  add({ id, images }: { id: number; images: readonly Order[] }): void {
    const chunk: Chunk = { id, outcomes: [], waiting: images.length, left: images.length, cancelled: new Set() };
    this.#chunks.push(chunk);
    this.#open.set(id, chunk);
    this.#coming += images.length;
    this.#unanswered += images.length;
    images.forEach((order, index) => void this.#prepare(chunk, index, order));
    if (!this.#moving) void this.#move();
  }

  /** Leaves an image out, unless it is on board already. Its answer says that; nobody reads it. */
  cancel({ id, index }: { id: number; index: number }): void {
    this.#open.get(id)?.cancelled.add(index);
  }

  async #prepare(chunk: Chunk, index: number, order: Order): Promise<void> {
    const { source } = order;
    const preparation = await this.#preparer.prepare(source, this.#times);
    this.#coming--;
    this.#send({ type: 'heartbeat' });
    if (preparation.ok) {
      const { image } = preparation;
      this.#ready.push({ ...order, chunk, index, image, found: [], left: image.crops.length });
    } else {
      this.#leaveQueue(chunk);
      this.#answer({ chunk, index }, { ok: false, name: source.name, failure: preparation.failure });
    }
    this.#wake();
  }

  /** Until nothing is left in this worker. What goes wrong here ends the process: the parent sees a crash and retries. */
  async #move(): Promise<void> {
    this.#moving = true;
    while (this.#unanswered > 0) {
      const first = this.#ready.findIndex(({ chunk }) => chunk === this.#chunks[0]);
      if (first === -1 && this.#coming > 0 && (await this.#waited()) === 'image ready') continue;
      const [pending] = this.#ready.splice(Math.max(0, first), 1);
      if (pending !== undefined) await this.#enqueue(pending);
      else await this.#run();
    }
    this.#moving = false;
  }

  #leaveQueue(chunk: Chunk): void {
    if (--chunk.waiting === 0) this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
  }

  /** Waits for the next image; 'timed out' when others should not wait for it any longer. */
  async #waited(): Promise<'timed out' | 'image ready'> {
    const start = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<'timed out' | 'image ready'>((resolve) => {
      this.#wake = () => resolve('image ready');
      if (this.#batch.length + this.#ready.length > 0) timer = setTimeout(() => resolve('timed out'), PATIENCE_MS);
    });
    clearTimeout(timer);
    this.#times.wait += performance.now() - start;
    return outcome;
  }

  async #enqueue(pending: PendingImage): Promise<void> {
    using image = pending.image; // its full-size pixels go when the last crop has been cut
    this.#leaveQueue(pending.chunk);
    if (pending.chunk.cancelled.has(pending.index)) {
      this.#answer(pending, { ok: false, name: pending.source.name, failure: CANCELLED });
      return;
    }
    for (const cropIndex of image.crops.keys()) {
      try {
        this.#batch.push({ pending, cropIndex, pixels: await image.input(cropIndex) });
      } catch (error) {
        this.#batch = this.#batch.filter((item) => item.pending !== pending);
        const { name } = pending.source;
        this.#answer(pending, { ok: false, name, failure: failureOf(error, pending.source) });
        return;
      }
      if (this.#batch.length >= this.#settings.maxBatchSize) await this.#run();
    }
  }

  /** Computes the batch, and answers for the images that are complete by it. */
  async #run(): Promise<void> {
    const items = this.#batch;
    if (items.length === 0) return;
    this.#batch = [];
    const start = performance.now();
    // One turn of the event loop: reads that ended during the last run go on to be decoded during this one.
    await new Promise((resolve) => setImmediate(resolve));
    this.#times.wait += performance.now() - start;
    const detections = await this.#infer(items);
    this.#send({ type: 'heartbeat' });
    for (const [i, { pending, cropIndex }] of items.entries()) {
      pending.found[cropIndex] = detections[i]!;
      if (--pending.left === 0) this.#answer(pending, this.#outcomeOf(pending));
    }
  }

  async #infer(items: readonly BatchItem[]): Promise<Detection[][]> {
    const start = performance.now();
    try {
      return await this.#batches.run(items, (part) => this.#detect(part));
    } catch (error) {
      // Images have one shape by now, so this is the device's or our fault.
      throw new Error(`the model failed on a batch of ${items.length}: ${messageOf(error)}`, { cause: error });
    } finally {
      this.#times.infer += performance.now() - start;
    }
  }

  #detect(items: readonly BatchItem[]): Promise<Detection[][]> {
    const pixels = items.length === 1 ? items[0]!.pixels : Buffer.concat(items.map((item) => item.pixels));
    const sizes = items.map(({ pending, cropIndex }) => {
      const { x, y } = pending.image.crops[cropIndex]!;
      return { width: x.to - x.from, height: y.to - y.from };
    });
    const queries = items.map(({ pending }) => pending.queries);
    return this.#detector.detect(pixels, sizes, queries);
  }

  #outcomeOf({ source: { name }, image, found }: PendingImage): ImageOutcome {
    const { stamp, size, degraded, crops } = image;
    const { patches } = this.#detector;
    const detections = mergeCrops(found, { crops, patches, limit: this.#settings.maxDetections });
    const noted = degraded === undefined ? {} : { degraded };
    return { ok: true, result: { name, ...size, detections, ...stamp, ...noted } };
  }

  #answer({ chunk, index }: Pick<PendingImage, 'chunk' | 'index'>, outcome: ImageOutcome): void {
    chunk.outcomes[index] = outcome;
    this.#unanswered--;
    if (--chunk.left > 0) return;
    const times = { ...this.#times };
    for (const stage of Object.keys(times) as (keyof StageTimes)[]) this.#times[stage] = 0;
    const { id, outcomes } = chunk;
    this.#open.delete(id);
    this.#send({ type: 'detected', id, outcomes, times, retire: this.#preparer.stuck > 0 });
  }
}
