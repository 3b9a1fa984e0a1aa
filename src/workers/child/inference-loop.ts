import type { Detection } from '../../core/detection.js';
import { messageOf, type Failure } from '../../core/errors.js';
import type { ImageOutcome, ImageSource, StageTimes } from '../../core/image.js';
import { mergeCrops } from '../../core/tiling/merge.js';
import type { Detector } from '../../model/detector.js';
import type { EncodedInput } from '../../model/features/feature-model.js';
import type { QueryBank } from '../../model/query-groups.js';
import { BatchScheduler, type ScheduledItem } from './batch-scheduler.js';
import { detectBatch, sizeOf } from './detect-batch.js';
import { toFailure } from './image-failure.js';
import type { ImagePreparer, PreparedImage } from './image-preparer.js';
import type { KeptFeatures } from './kept-features.js';
import type { FromWorker, WorkerSettings } from '../protocol.js';

/** How long images wait for one that takes long to decode: to share its batch, or to let it go first. */
const MAX_WAIT_MS = 100;

/** The answer for an image whose caller is gone. */
const CANCELLED: Failure = { code: 'STOPPED', message: 'This image was cancelled.', hint: 'Send it again.' };

/** Images that are answered together. */
interface Chunk {
  readonly id: number;
  readonly outcomes: ImageOutcome[];
  unscheduled: number; // images that are not yet with the scheduler
  unanswered: number; // images
  readonly cancellations: readonly AbortController[]; // by index of the image
}

/** An image, and what to look for in it. */
export interface RequestedImage {
  readonly source: ImageSource;
  readonly queries: QueryBank;
}

/** An image on its way through the model. */
interface PendingImage extends RequestedImage {
  readonly chunk: Chunk;
  readonly index: number; // in the chunk
  readonly image: PreparedImage;
  readonly found: Detection[][]; // by crop
  readonly encoded?: EncodedInput[]; // by crop, where it is kept
  uncomputed: number; // crops
}

/** One input of a forward pass: an image, or a tile of it. */
interface BatchItem extends ScheduledItem {
  readonly pending: PendingImage;
  readonly cropIndex: number;
  readonly input: Uint8Array | EncodedInput; // pixels, or what the encoder gave for them before
}

/**
 * Takes images from their arrival to their answer. Meanwhile, images that have arrived are decoded on libuv's threads:
 * a forward pass blocks this thread, but not those. Tiles are cut one by one as a batch fills up, and the tiles of
 * several images share batches, whatever their queries. Images are scheduled chunk by chunk, so that the parent can
 * send the next one in time; but not strictly: an image that waits for memory must let those go first that hold it.
 */
export class InferenceLoop {
  readonly #detector: Detector;
  readonly #preparer: Pick<ImagePreparer, 'prepare' | 'stuck'>;
  readonly #settings: Pick<WorkerSettings, 'maxBatchSize' | 'maxDetections'>;
  readonly #kept: KeptFeatures | undefined;
  readonly #send: (message: FromWorker) => void;
  readonly #scheduler: BatchScheduler<BatchItem>;
  readonly #chunks: Chunk[] = []; // with images that are not yet with the scheduler
  readonly #open = new Map<number, Chunk>(); // without an answer
  readonly #ready: PendingImage[] = [];
  readonly #times: Record<keyof StageTimes, number> = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };
  readonly #passes: number[] = []; // inputs of each
  #preparing = 0; // images
  #unanswered = 0; // images
  #isRunning = false;
  #wake = () => {};

  constructor(parts: {
    detector: Detector;
    preparer: Pick<ImagePreparer, 'prepare' | 'stuck'>;
    settings: Pick<WorkerSettings, 'maxBatchSize' | 'maxDetections'>;
    kept?: KeptFeatures | undefined;
    send: (message: FromWorker) => void;
  }) {
    this.#detector = parts.detector;
    this.#preparer = parts.preparer;
    this.#settings = parts.settings;
    this.#kept = parts.kept;
    this.#send = parts.send;
    const { maxBatchSize } = parts.settings;
    const maxCount = this.#kept === undefined ? Math.min(maxBatchSize, parts.detector.imagesAtOnce) : maxBatchSize;
    this.#scheduler = new BatchScheduler(maxCount, (refused, fitted) => this.#noteSmallerBatches(refused, fitted));
  }

  add({ id, images }: { id: number; images: readonly RequestedImage[] }): void {
    const chunk: Chunk = {
      id,
      outcomes: [],
      unscheduled: images.length,
      unanswered: images.length,
      cancellations: images.map(() => new AbortController()),
    };
    this.#chunks.push(chunk);
    this.#open.set(id, chunk);
    this.#preparing += images.length;
    this.#unanswered += images.length;
    images.forEach((image, index) => void this.#prepare(chunk, index, image));
    if (!this.#isRunning) void this.#loop();
  }

  /** Leaves out what has not begun of an image, which is answered as cancelled. */
  cancel({ id, index }: { id: number; index: number }): void {
    this.#open.get(id)?.cancellations[index]?.abort();
  }

  async #prepare(chunk: Chunk, index: number, requested: RequestedImage): Promise<void> {
    const { source } = requested;
    const { signal } = chunk.cancellations[index]!;
    const preparation = await this.#preparer.prepare(source, this.#times, signal);
    this.#preparing--;
    const encodes = this.#kept !== undefined && preparation.ok && preparation.image.kept === undefined;
    this.#send({ type: 'heartbeat', ...(encodes ? { encodes } : {}) });
    if (preparation.ok) {
      const { image } = preparation;
      const { length: uncomputed } = image.crops;
      const collected = image.kept === undefined && this.#kept?.mayKeep(uncomputed) === true ? { encoded: [] } : {};
      this.#ready.push({ ...requested, chunk, index, image, found: [], ...collected, uncomputed });
    } else {
      this.#leavePreparation(chunk);
      const failure = signal.aborted ? CANCELLED : preparation.failure;
      this.#answer({ chunk, index }, { ok: false, name: source.name, failure });
    }
    this.#wake();
  }

  /** Runs until no image is left. An error here ends the process: the parent sees a crash and retries. */
  async #loop(): Promise<void> {
    this.#isRunning = true;
    while (this.#unanswered > 0) {
      const first = this.#ready.findIndex(({ chunk }) => chunk === this.#chunks[0]);
      if (first === -1 && this.#preparing > 0 && (await this.#waitForImage()) === 'image ready') continue;
      const [pending] = this.#ready.splice(Math.max(0, first), 1);
      if (pending !== undefined) await this.#enqueue(pending);
      else while (this.#scheduler.size > 0) await this.#computeBatch(); // also what did not fit beside others' queries
    }
    this.#isRunning = false;
  }

  #leavePreparation(chunk: Chunk): void {
    if (--chunk.unscheduled === 0) this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
  }

  /** Waits for the next image; 'timed out' when others should not wait any longer. */
  async #waitForImage(): Promise<'timed out' | 'image ready'> {
    const start = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<'timed out' | 'image ready'>((resolve) => {
      this.#wake = () => resolve('image ready');
      if (this.#scheduler.size + this.#ready.length > 0) timer = setTimeout(() => resolve('timed out'), MAX_WAIT_MS);
    });
    clearTimeout(timer);
    this.#times.wait += performance.now() - start;
    return outcome;
  }

  async #enqueue(pending: PendingImage): Promise<void> {
    using image = pending.image; // its full-size pixels go when the last crop has been cut
    this.#leavePreparation(pending.chunk);
    const { name } = pending.source;
    const { signal } = pending.chunk.cancellations[pending.index]!;
    for (const cropIndex of image.crops.keys()) {
      try {
        signal.throwIfAborted();
        const input = image.kept?.[cropIndex] ?? (await image.input(cropIndex));
        const shape = this.#detector.shapeOf(sizeOf(image.crops[cropIndex]!));
        this.#scheduler.add({ queries: pending.queries, pending, cropIndex, input, shape });
      } catch (error) {
        this.#scheduler.remove((item) => item.pending === pending);
        const failure = signal.aborted ? CANCELLED : toFailure(error, pending.source);
        this.#answer(pending, { ok: false, name, failure });
        return;
      }
      while (this.#scheduler.isFull) await this.#computeBatch();
    }
  }

  /** Computes a batch, and answers for the images that are complete by it. */
  async #computeBatch(): Promise<void> {
    const start = performance.now();
    // One turn of the event loop: reads that ended during the last pass go on to be decoded during this one.
    await new Promise((resolve) => setImmediate(resolve));
    this.#times.wait += performance.now() - start;
    const { batch, results } = await this.#scheduler.run((items) => this.#infer(items));
    this.#passes.push(batch.length);
    this.#send({ type: 'heartbeat' });
    for (const [i, { pending, cropIndex }] of batch.entries()) {
      pending.found[cropIndex] = results[i]!;
      if (--pending.uncomputed > 0) continue;
      if (pending.image.kept === undefined) await this.#keep(pending); // complete before its image counts as annotated
      if (pending.image.kept !== undefined) this.#kept?.recycle(pending.image.kept);
      this.#answer(pending, this.#outcomeOf(pending));
    }
  }

  async #keep({ image, encoded }: PendingImage): Promise<void> {
    const { size, encoding, phash, degraded, stamp } = image;
    const { sha256, sizeBytes } = stamp;
    const noted = degraded === undefined ? {} : { degraded };
    await this.#kept?.keep({ sha256, sizeBytes, size, encoding, phash, ...noted }, encoded);
  }

  async #infer(items: readonly BatchItem[]): Promise<Detection[][]> {
    const start = performance.now();
    try {
      return await detectBatch(this.#detector, items, { keeps: this.#kept !== undefined });
    } catch (error) {
      // Images have one shape by now, so the device or this program is at fault.
      throw new Error(`the model failed on a batch of ${items.length}: ${messageOf(error)}`, { cause: error });
    } finally {
      this.#times.infer += performance.now() - start;
    }
  }

  #outcomeOf({ source: { name }, image, found }: PendingImage): ImageOutcome {
    const { stamp, size, encoding, phash, degraded, crops } = image;
    const { patches } = this.#detector;
    const detections = mergeCrops(found, { crops, patches, limit: this.#settings.maxDetections });
    const noted = degraded === undefined ? {} : { degraded };
    return { ok: true, result: { name, ...size, detections, ...stamp, encoding, phash, ...noted } };
  }

  #answer({ chunk, index }: Pick<PendingImage, 'chunk' | 'index'>, outcome: ImageOutcome): void {
    chunk.outcomes[index] = outcome;
    this.#unanswered--;
    if (--chunk.unanswered > 0) return;
    const times = { ...this.#times };
    for (const stage of Object.keys(times) as (keyof StageTimes)[]) this.#times[stage] = 0;
    const passes = this.#passes.splice(0);
    const { id, outcomes } = chunk;
    this.#open.delete(id);
    const features = this.#kept === undefined ? {} : { features: this.#kept.takeCounts() };
    const retire = this.#preparer.stuck + (this.#kept?.stuck ?? 0) > 0;
    this.#send({ type: 'detected', id, outcomes, times, passes, ...features, retire });
  }

  #noteSmallerBatches(refused: number, fitted: number): void {
    const message =
      `The device has no memory for ${refused} images at once: batches hold ${fitted} from now on. ` +
      `Use --max-batch-size ${fitted} to avoid the failed attempt.`;
    this.#send({ type: 'notice', message });
  }
}
