import type { Size } from '../../core/box.js';
import type { Device } from '../../core/device.js';
import type { FeatureCounts } from '../../core/inference/feature-counts.js';
import { printable } from '../../core/text.js';
import { Budget } from '../../images/budget.js';
import { FeatureStore } from '../../features/feature-store.js';
import { MAX_FEATURE_BYTES } from '../../features/image-features.js';
import type { FeatureTensor, ImageFeatures, StoreProblem } from '../../features/image-features.js';
import type { EncodedInput } from '../../model/features/feature-model.js';
import { bytesOfLayout, type FeatureLayout } from '../../model/features/layout.js';
import type { FeatureSettings, FromWorker } from '../protocol.js';
import { StageTimeout } from './stage-timeout.js';

/** Features that one worker holds after reading them; those of an image that takes more are held alone. */
const BYTES_HELD = 128_000_000; // as bounded as the images in decoding

/** Bounds of memory. */
interface Bounds {
  readonly imageBytes: number; // features of an image that has more are not stored
  readonly heldBytes: number;
}

/**
 * An image whose features were read: what a journal line says of it, and its crops as the model gave them. It counts as
 * held until it is disposed of.
 */
export interface KeptImage extends Disposable, Pick<ImageFeatures, 'encoding' | 'phash' | 'degraded'> {
  readonly size: Size;
  readonly kept: readonly EncodedInput[]; // by crop
}

type CountCrops = (image: Pick<KeptImage, 'size' | 'degraded'>) => number | undefined;

/** What is kept of an image that was encoded. */
export interface ImageToKeep extends Pick<ImageFeatures, 'sha256' | 'sizeBytes' | 'encoding' | 'phash' | 'degraded'> {
  readonly size: Size;
}

const PROBLEMS: Readonly<Record<StoreProblem['kind'], string>> = {
  damaged: 'Some stored features are damaged; the first: ',
  unreadable: 'Some stored features cannot be read; the first: ',
  unwritable: '',
  removed: '',
  'too-large': '',
};

/** The folder of features, as a worker uses it. Whatever is wrong with it costs time, and never a box. */
export class KeptFeatures implements AsyncDisposable {
  readonly #store: FeatureStore;
  readonly #layout: readonly FeatureLayout[];
  readonly #isExact: boolean;
  readonly #report: (problem: StoreProblem) => void;
  readonly #send: (message: FromWorker) => void;
  readonly #damaged: { count: number };
  readonly #bounds: Bounds;
  readonly #budget: Budget;
  readonly #timeout = new StageTimeout();
  readonly #readingLimitSec: number;
  readonly #folder: string;
  #hasNoted = false;
  #counts = { read: 0, encoded: 0 };

  private constructor(parts: {
    store: FeatureStore;
    layout: readonly FeatureLayout[];
    isExact: boolean;
    damaged: { count: number };
    report: (problem: StoreProblem) => void;
    send: (message: FromWorker) => void;
    bounds: Bounds;
    readingLimitSec: number;
    folder: string;
  }) {
    this.#store = parts.store;
    this.#layout = parts.layout;
    this.#isExact = parts.isExact;
    this.#damaged = parts.damaged;
    this.#report = parts.report;
    this.#send = parts.send;
    this.#bounds = parts.bounds;
    this.#folder = parts.folder;
    this.#readingLimitSec = parts.readingLimitSec;
    this.#budget = new Budget(parts.bounds.heldBytes);
  }

  /** @throws PreannotateError CONFIG_INVALID for a folder that is not one of features */
  static async open(
    { folder, key, label, exact, maxBytes, writers, isReadOnly = false, storedOnly = false }: FeatureSettings,
    use: {
      device: Device;
      layout: readonly FeatureLayout[];
      send: (message: FromWorker) => void;
      bounds?: Bounds;
      readingLimitSec: number;
    },
  ): Promise<KeptFeatures> {
    const { device, layout, send, readingLimitSec } = use;
    const { bounds = { imageBytes: MAX_FEATURE_BYTES, heldBytes: BYTES_HELD } } = use;
    const reported = new Set<StoreProblem['kind']>();
    const damaged = { count: 0 };
    const report = ({ kind, message }: StoreProblem) => {
      if (kind === 'damaged' || kind === 'unreadable') damaged.count++;
      if (reported.has(kind)) return;
      reported.add(kind);
      send({ type: 'notice', message: `${PROBLEMS[kind]}${message}`, endsStoring: kind === 'unwritable' });
    };
    const store = await FeatureStore.open({
      ...{ folder, label, writers, writable: !isReadOnly },
      key: storedOnly ? key : { ...key, provider: device.provider }, // of this worker, where it encodes
      ...(maxBytes === undefined ? {} : { maxBytes }),
      onProblem: report,
    });
    return new KeptFeatures({ store, layout, isExact: exact, damaged, report, send, bounds, readingLimitSec, folder });
  }

  /**
   * The features of an image; undefined when it must be encoded.
   *
   * @param countCrops - How many crops the image has; undefined where it is refused now.
   */
  async find(sha256: string, countCrops: CountCrops): Promise<KeptImage | undefined> {
    if (this.#isExact || this.stuck > 0) return undefined; // if exact, boxes come from what is not kept
    const bytes = await this.#inTime(this.#store.sizeOf(sha256));
    if (bytes === undefined) return undefined;
    const share = await this.#budget.take(bytes);
    try {
      const found = await this.#find(sha256, countCrops);
      if (found !== undefined) return { ...found, ...share };
    } catch (error) {
      share[Symbol.dispose]();
      throw error;
    }
    share[Symbol.dispose]();
    return undefined;
  }

  async #find(sha256: string, countCrops: CountCrops): Promise<Omit<KeptImage, keyof Disposable> | undefined> {
    const features = await this.#inTime(this.#store.read(sha256));
    if (features === undefined) return undefined;
    const { width, height, encoding, phash, degraded, tensors } = features;
    const size = { width, height };
    const noted = degraded === undefined ? {} : { degraded };
    const count = countCrops({ size, ...noted });
    if (count === undefined) return undefined;
    const rows = this.#layout.map(
      (layout) => [layout.name, this.#split(tensors.get(layout.name), layout, count)] as const,
    );
    const wrong = rows.find(([, parts]) => parts === undefined);
    if (wrong !== undefined) {
      const message = `those of the image ${sha256} have no "${wrong[0]}" of the expected shape.`;
      this.#report({ kind: 'damaged', message });
      return undefined;
    }
    const kept = Array.from({ length: count }, (_, crop) => ({
      tensors: new Map(rows.map(([name, parts]) => [name, parts![crop]!])),
    }));
    this.#counts.read++;
    return { size, encoding, phash, ...noted, kept };
  }

  /** Whether the last image had features that are stored: those of the next one are likely to be as well. */
  get foundLast(): boolean {
    return this.#store.foundLast;
  }

  /** Reads that were given up; each still holds a thread. The folder is left alone from then on. */
  get stuck(): number {
    return this.#timeout.givenUp;
  }

  /** Whether features of an image with so many crops are stored, and should be collected until it is complete. */
  mayKeep(crops: number): boolean {
    if (!this.#store.isWritable || this.stuck > 0) return false;
    const most = Math.floor(this.#bounds.imageBytes / bytesOfLayout(this.#layout));
    if (crops <= most) return true;
    const message =
      `Features of images with more than ${most} tiles are not stored, because they take more than ` +
      `${this.#bounds.imageBytes / 1e6} MB: such images are encoded in each run.`;
    if (!this.#hasNoted) this.#send({ type: 'notice', message });
    this.#hasNoted = true;
    return false;
  }

  /**
   * Notes that an image was encoded, and keeps its features.
   *
   * @param inputs - By crop; undefined where they are not kept.
   */
  async keep({ size, ...image }: ImageToKeep, inputs: readonly EncodedInput[] | undefined): Promise<void> {
    this.#counts.encoded++;
    if (inputs === undefined || this.stuck > 0) return;
    if (this.#isExact && (await this.#inTime(this.#store.read(image.sha256))) !== undefined) return;
    const tensors = this.#layout.map(({ name, type, shape }) => {
      const data = inputs.map((input) => input.tensors.get(name)!);
      return [name, { type, shape: [inputs.length, ...shape], data }] as const;
    });
    await this.#store.write({ ...image, ...size, tensors: new Map(tensors) });
  }

  /** Has the memory of features used again that were found: nothing may read them any more. */
  recycle(kept: readonly EncodedInput[]): void {
    for (const { tensors } of kept) for (const data of tensors.values()) this.#store.recycle(data);
  }

  /** What was read and encoded since this was asked last. */
  takeCounts(): FeatureCounts {
    const counts = { ...this.#counts, damaged: this.#damaged.count };
    this.#counts = { read: 0, encoded: 0 };
    this.#damaged.count = 0;
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  /** What the folder answers; undefined where it takes too long. @param read - Never rejects. */
  async #inTime<Result>(read: Promise<Result>): Promise<Result | undefined> {
    const limitSec = this.#readingLimitSec;
    try {
      return await this.#timeout.watch({ what: 'reading', limitSec }, read);
    } catch {
      const message = `${printable(this.#folder)} has not answered for ${limitSec} s. Check its disk or its network.`;
      this.#report({ kind: 'unreadable', message });
      return undefined;
    }
  }

  /** The tensors of each crop; undefined where they are not as they must be. */
  #split(tensor: FeatureTensor | undefined, { type, shape }: FeatureLayout, count: number): Uint8Array[] | undefined {
    if (tensor === undefined || tensor.type !== type) return undefined;
    if (tensor.shape.join() !== [count, ...shape].join()) return undefined;
    const size = tensor.data.length / count;
    return Array.from({ length: count }, (_, crop) => tensor.data.subarray(crop * size, (crop + 1) * size));
  }
}
