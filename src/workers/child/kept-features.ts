import type { Size } from '../../core/box.js';
import type { Device } from '../../core/device.js';
import type { FeatureCounts } from '../../core/inference/feature-counts.js';
import { FeatureStore } from '../../features/feature-store.js';
import type { FeatureTensor, ImageFeatures, StoreProblem } from '../../features/image-features.js';
import type { EncodedInput } from '../../model/features/feature-model.js';
import type { FeatureLayout } from '../../model/features/layout.js';
import type { FeatureSettings, FromWorker } from '../protocol.js';

/** An image whose features were read: what a journal line says of it, and its crops as the model gave them. */
export interface KeptImage extends Pick<ImageFeatures, 'encoding' | 'phash' | 'degraded'> {
  readonly size: Size;
  readonly kept: readonly EncodedInput[]; // by crop
}

/** What is kept of an image that was encoded. */
export interface ImageToKeep extends Pick<ImageFeatures, 'sha256' | 'sizeBytes' | 'encoding' | 'phash' | 'degraded'> {
  readonly size: Size;
}

const PROBLEMS: Readonly<Record<StoreProblem['kind'], string>> = {
  damaged: 'Stored features that are damaged are computed again; the first: ',
  unreadable: 'Stored features that cannot be read are computed again; the first: ',
  unwritable: '',
};

/** The folder of features, as a worker uses it. Whatever is wrong with it costs time, and never a box. */
export class KeptFeatures implements AsyncDisposable {
  readonly #store: FeatureStore;
  readonly #layout: readonly FeatureLayout[];
  readonly #isExact: boolean;
  readonly #report: (problem: StoreProblem) => void;
  readonly #damaged: { count: number };
  #counts = { read: 0, encoded: 0 };

  private constructor(parts: {
    store: FeatureStore;
    layout: readonly FeatureLayout[];
    isExact: boolean;
    damaged: { count: number };
    report: (problem: StoreProblem) => void;
  }) {
    this.#store = parts.store;
    this.#layout = parts.layout;
    this.#isExact = parts.isExact;
    this.#damaged = parts.damaged;
    this.#report = parts.report;
  }

  /** @throws PreannotateError CONFIG_INVALID for a folder that is not one of features */
  static async open(
    { folder, key, label, exact, maxBytes, writers, isReadOnly = false }: FeatureSettings,
    use: { device: Device; layout: readonly FeatureLayout[]; send: (message: FromWorker) => void },
  ): Promise<KeptFeatures> {
    const { device, layout, send } = use;
    const reported = new Set<StoreProblem['kind']>();
    const damaged = { count: 0 };
    const report = ({ kind, message }: StoreProblem) => {
      if (kind !== 'unwritable') damaged.count++;
      if (reported.has(kind)) return;
      reported.add(kind);
      send({ type: 'notice', message: `${PROBLEMS[kind]}${message}` });
    };
    const store = await FeatureStore.open({
      ...{ folder, label, writers, writable: !isReadOnly },
      key: { ...key, provider: device.provider }, // of this worker
      ...(maxBytes === undefined ? {} : { maxBytes }),
      onProblem: report,
    });
    return new KeptFeatures({ store, layout, isExact: exact, damaged, report });
  }

  /**
   * The features of an image; undefined when it must be encoded.
   *
   * @param countCrops - How many an image of this size has.
   */
  async find(sha256: string, countCrops: (size: Size) => number): Promise<KeptImage | undefined> {
    if (this.#isExact) return undefined; // boxes come from what is not kept
    const features = await this.#store.read(sha256);
    if (features === undefined) return undefined;
    const { width, height, encoding, phash, degraded, tensors } = features;
    const size = { width, height };
    const count = countCrops(size);
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
    return { size, encoding, phash, ...(degraded === undefined ? {} : { degraded }), kept };
  }

  /** Keeps the features of an image that was encoded. @param inputs - By crop. */
  async keep({ size, ...image }: ImageToKeep, inputs: readonly EncodedInput[]): Promise<void> {
    this.#counts.encoded++;
    if (this.#isExact && (await this.#store.has(image.sha256))) return;
    const tensors = this.#layout.map(({ name, type, shape }): [string, FeatureTensor] => {
      const rows = inputs.map((input) => input.tensors.get(name)!);
      const data = rows.length === 1 ? rows[0]! : Buffer.concat(rows);
      return [name, { type, shape: [inputs.length, ...shape], data }];
    });
    await this.#store.write({ ...image, ...size, tensors: new Map(tensors) });
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

  /** The tensors of each crop; undefined where they are not as they must be. */
  #split(tensor: FeatureTensor | undefined, { type, shape }: FeatureLayout, count: number): Uint8Array[] | undefined {
    if (tensor === undefined || tensor.type !== type) return undefined;
    if (tensor.shape.join() !== [count, ...shape].join()) return undefined;
    const size = tensor.data.length / count;
    return Array.from({ length: count }, (_, crop) => tensor.data.subarray(crop * size, (crop + 1) * size));
  }
}
