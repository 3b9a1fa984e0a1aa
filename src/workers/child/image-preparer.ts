import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Size } from '../../core/box.js';
import { PreannotateError, type Failure } from '../../core/errors.js';
import type { ContentStamp, ImageFile, ImageSource, StageTimes } from '../../core/image.js';
import { planCrops, type Crop } from '../../core/tiling/tiles.js';
import { refuseCostlyResizing, refuseManyTiles } from '../../images/decode-cost.js';
import { decodeImage, encodingOf, readHeader, sizeAfterShrinking, type ImageHeader } from '../../images/decode.js';
import type { DecodedImage } from '../../images/decoded-image.js';
import { perceptualHash } from '../../images/similarity/perceptual-hash.js';
import { FileCalls } from '../../disk/calls/call-file.js';
import { ReadBuffers } from '../../disk/calls/read-buffers.js';
import { readImage, readImageNow } from '../../images/read.js';
import type { Resizer } from '../../images/resize/resizer.js';
import { cutCrop } from '../../images/crop.js';
import type { ImageSize } from '../../model/artifact.js';
import { Budget } from '../../images/budget.js';
import type { EncodedInput } from '../../model/features/feature-model.js';
import { toFailure } from './image-failure.js';
import type { KeptFeatures } from './kept-features.js';
import { STAGE_TIMEOUT_SECONDS, StageTimeout } from './stage-timeout.js';
import type { WorkerSettings } from '../protocol.js';

/**
 * Added to the timeout of decoding: a second for so many pixels of the file, as slow cores need. Many more are decoded
 * where the decoder shrinks the image, though of progressive JPEGs it reads all coefficients first.
 */
const TIMEOUT_PIXELS_A_SECOND = { fullSize: 5_000_000, shrunk: 25_000_000 };

/** Memory of the images that one worker decodes at once, by estimate; a larger image is decoded alone. */
const BYTES_IN_DECODING = 192_000_000; // 64 Mpixel, where the decoder holds nothing else

/** Images whose reading takes longer are read by another thread. */
const SLOW_READ_MS = 3;

/** An image as the model takes it: whole, or crop by crop. */
export interface PreparedImage extends Disposable {
  readonly stamp: ContentStamp;
  readonly size: Size; // of the upright original
  readonly encoding: string; // what the file holds
  readonly phash: string; // of what it looks like
  readonly degraded?: string;
  readonly crops: readonly Crop[];
  readonly kept?: readonly EncodedInput[]; // by crop: what the model's encoder gave before; there are no pixels then
  /** The pixels of a crop: [H, W, 3] of the model's input. Tiles are cut when they are requested. */
  readonly input: (index: number) => Promise<Uint8Array>;
}

/** How images are read and decoded. */
interface PreparerSettings extends Pick<
  WorkerSettings,
  'maxBytes' | 'maxPixels' | 'strictImages' | 'tiles' | 'stageTimeoutSec'
> {
  readonly folder?: string | undefined; // that names of image files are relative to; without one, no file is read
}

export type Preparation =
  { readonly ok: true; readonly image: PreparedImage } | { readonly ok: false; readonly failure: Failure };

/** Reads, decodes and resizes images while the device computes. */
export class ImagePreparer {
  readonly #resizer: Resizer;
  readonly #inputSize: ImageSize;
  readonly #settings: PreparerSettings;
  readonly #budget = new Budget(BYTES_IN_DECODING);
  readonly #stageTimeoutSec: number;
  readonly #timeout = new StageTimeout();
  readonly #kept: KeptFeatures | undefined;
  readonly #reads = new FileCalls(SLOW_READ_MS);
  readonly #buffers = new ReadBuffers();

  constructor(parts: {
    resizer: Resizer;
    inputSize: ImageSize;
    settings: PreparerSettings;
    kept?: KeptFeatures | undefined;
  }) {
    this.#resizer = parts.resizer;
    this.#inputSize = parts.inputSize;
    this.#settings = parts.settings;
    this.#kept = parts.kept;
    this.#stageTimeoutSec = parts.settings.stageTimeoutSec ?? STAGE_TIMEOUT_SECONDS;
  }

  /** Images that were given up; each still holds a thread, so the worker should be replaced. */
  get stuck(): number {
    return this.#timeout.givenUp;
  }

  /**
   * Never rejects: what is wrong with an image is in the result.
   *
   * @param times - Its stages are added to this.
   * @param signal - Nobody waits for the image any more: what has not begun does not begin, and resizing stops.
   */
  async prepare(
    source: ImageSource,
    times: Record<keyof StageTimes, number>,
    signal?: AbortSignal,
  ): Promise<Preparation> {
    try {
      return { ok: true, image: await this.#prepare(source, times, signal) };
    } catch (error) {
      return { ok: false, failure: toFailure(error, source) };
    }
  }

  async #prepare(
    source: ImageSource,
    times: Record<keyof StageTimes, number>,
    signal: AbortSignal | undefined,
  ): Promise<PreparedImage> {
    const { maxBytes, maxPixels, tiles } = this.#settings;
    const { bytes, ...stamp } = await measure(times, 'read', () =>
      'bytes' in source ? acceptBytes(source.bytes, maxBytes) : this.#read(source),
    );
    const kept = this.#kept && (await measure(times, 'read', () => this.#findKept(this.#kept!, stamp, bytes)));
    if (kept !== undefined) return kept;
    const header = await readHeader(bytes);
    const { width: fullWidth = 0, height: fullHeight = 0 } = header.size ?? {};
    if (fullWidth * fullHeight <= maxPixels && header.size !== undefined) this.#refuseCostly(header.size);
    const share = await this.#budget.take(fullWidth * fullHeight * (3 + (header.cost?.heldBytes ?? 0)));
    try {
      signal?.throwIfAborted();
      const decoded = await measure(times, 'decode', () => this.#decode(bytes, header));
      signal?.throwIfAborted();
      const { original: size, degraded } = decoded;
      if (header.size === undefined) this.#refuseCostly(size);
      const crops = planCrops(size, tiles);
      const encoding = encodingOf(header);
      const phash = await measure(times, 'decode', () => Promise.resolve(perceptualHash(decoded)));
      const described = { stamp, size, crops, encoding, phash, ...(degraded === undefined ? {} : { degraded }) };
      if (crops.length > 1) return { ...described, ...this.#cutLater(decoded, crops, { times, signal }), ...share };
      const pixels = await measure(times, 'resize', () => this.#cut(decoded, crops[0]!, signal));
      share[Symbol.dispose]();
      return { ...described, ...keepPixels(pixels) };
    } catch (error) {
      share[Symbol.dispose]();
      throw error;
    }
  }

  async #decode(bytes: Buffer, header: ImageHeader): Promise<DecodedImage> {
    const { maxPixels, strictImages: strict, tiles } = this.#settings;
    const { width = 0, height = 0 } = header.size ?? {};
    const limits = { maxPixels, strict, fullSize: tiles !== undefined };
    const more = (width * height) / TIMEOUT_PIXELS_A_SECOND[limits.fullSize ? 'fullSize' : 'shrunk'];
    const limitSec = Math.floor(this.#stageTimeoutSec + more);
    return await this.#timeout.watch({ what: 'decoding', limitSec }, decodeImage(bytes, limits, header));
  }

  async #read({ name }: ImageFile): Promise<{ bytes: Buffer } & ContentStamp> {
    const { folder, maxBytes } = this.#settings;
    if (folder === undefined) throw new Error('no folder of images was given. This is a bug.');
    const path = resolve(folder, name);
    const stage = { what: 'reading', limitSec: this.#stageTimeoutSec } as const;
    const later = () => this.#timeout.watch(stage, readImage(path, maxBytes));
    // Where features are found, reading is most of the work; else images are read while the device computes.
    if (this.#kept?.foundLast !== true) return await later();
    return await this.#reads.do({ now: () => readImageNow(path, maxBytes, this.#buffers), later });
  }

  /** An image whose features are kept, unless it is refused now: its decoding tells why then. */
  async #findKept(features: KeptFeatures, stamp: ContentStamp, bytes: Buffer): Promise<PreparedImage | undefined> {
    const { maxPixels, strictImages, tiles } = this.#settings;
    const found = await features.find(stamp.sha256, ({ size, degraded }) => {
      if ((strictImages && degraded !== undefined) || size.width * size.height > maxPixels) return undefined;
      try {
        this.#refuseCostly(size);
      } catch {
        return undefined;
      }
      return planCrops(size, tiles).length;
    });
    if (found === undefined) return undefined;
    this.#buffers.give(bytes);
    const input = () => Promise.reject(new Error('pixels of stored features are asked for. This is a bug.'));
    return { stamp, ...found, crops: planCrops(found.size, tiles), input };
  }

  /** Keeps the pixels at full size, and cuts a crop when its pixels are requested. */
  #cutLater(
    decoded: DecodedImage,
    crops: readonly Crop[],
    { times, signal }: { times: Record<keyof StageTimes, number>; signal: AbortSignal | undefined },
  ) {
    const input = (index: number) => measure(times, 'resize', () => this.#cut(decoded, crops[index]!, signal));
    return { input };
  }

  /** @throws PreannotateError IMAGE_TOO_LARGE where the shape takes far longer than the pixel count suggests. */
  #refuseCostly(size: Size): void {
    const { maxPixels, tiles } = this.#settings;
    const crops = planCrops(size, tiles);
    if (tiles !== undefined) {
      refuseManyTiles(size, { count: crops.length, pixels: tiles.width * tiles.height }, maxPixels);
    }
    const isWhole = crops.length === 1 || tiles?.fullImage === true;
    if (isWhole) refuseCostlyResizing(size, this.#resizer.estimatePixels(sizeAfterShrinking(size)), maxPixels);
  }

  async #cut(image: DecodedImage, crop: Crop, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const part = await cutCrop(image, crop);
    const pixels = new Uint8Array(this.#inputSize.height * this.#inputSize.width * 3);
    await this.#resizer.resize(part, pixels, signal);
    return pixels;
  }
}

/** Pixels that are ready. A function of its own, so that its closure keeps nothing else of the image in memory. */
function keepPixels(pixels: Uint8Array): Pick<PreparedImage, 'input'> & Disposable {
  return { input: () => Promise.resolve(pixels), [Symbol.dispose]: () => {} };
}

/** The bytes of a request, in the form of a file that was read. */
function acceptBytes(bytes: Uint8Array, maxBytes: number): Promise<{ bytes: Buffer } & ContentStamp> {
  if (bytes.length > maxBytes) {
    const message = `it has ${bytes.length} bytes, more than the ${maxBytes} allowed.`;
    const hint = 'If this really is an image, raise --max-bytes.';
    return Promise.reject(new PreannotateError({ code: 'IMAGE_TOO_LARGE', message, hint }));
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Promise.resolve({ bytes: buffer, sizeBytes: bytes.length, modifiedMs: 0, sha256 });
}

async function measure<Result>(
  times: Record<keyof StageTimes, number>,
  stage: keyof StageTimes,
  work: () => Promise<Result>,
): Promise<Result> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    times[stage] += performance.now() - start;
  }
}
