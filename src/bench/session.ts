import { performance } from 'node:perf_hooks';
import type { Device } from '../core/device.js';
import { messageOf, PreannotateError } from '../core/errors.js';
import type { ImageFile } from '../core/image.js';
import type { Precision } from '../core/precision.js';
import { counted } from '../core/text.js';
import type { Model } from '../model/source.js';
import { estimateWorkerBytes, readMemoryLimit } from '../workers/devices/placement.js';
import type { MeasuredSetting } from '../workers/measured/measured-settings.js';
import { describeWorkload, startEngine, type EngineJob } from '../workers/start-engine.js';
import { measureRate, type Rate, type SampleImages } from './measure-rate.js';
import type { Setting } from './plan.js';

/** What settings are measured with. */
export interface BenchWork {
  readonly job: EngineJob;
  readonly devices: readonly Device[];
  readonly models: ReadonlyMap<Precision, Model>;
  readonly images: readonly ImageFile[];
  readonly imageFolder: string; // that their names are relative to
  readonly planned: number; // settings, among which the time is divided
  readonly budgetMs: number;
  readonly note: (message: string) => void;
  readonly signal: AbortSignal; // the user stops it
}

export interface SkippedSetting {
  readonly setting: Setting;
  readonly reason: string;
}

/** Images are counted for this long, or longer where there is time. */
const WINDOW_MS = { least: 2000, most: 8000 };

const NO_TIME = 'there was no time left';

/** Measures one setting after the other, as long as there is time. */
export class Session {
  readonly measured: MeasuredSetting[] = [];
  readonly skipped: SkippedSetting[] = []; // that were not measured at all
  failure: PreannotateError | undefined; // the first
  readonly #work: BenchWork;
  readonly #images: SampleImages;
  readonly #endMs: number;
  #left: number; // settings that are planned
  #openMs = 0; // that starting the workers took last

  constructor(work: BenchWork) {
    this.#work = work;
    this.#images = new Set(work.images);
    this.#left = work.planned;
    this.#endMs = performance.now() + work.budgetMs;
  }

  async measure(setting: Setting): Promise<void> {
    const leftMs = this.#endMs - performance.now();
    const slotMs = leftMs / Math.max(1, this.#left--);
    const isOver = leftMs <= this.#openMs + WINDOW_MS.least;
    const refused = this.#refuse(setting) ?? (isOver ? NO_TIME : undefined);
    if (refused !== undefined) {
      this.#skip(setting, refused);
      return;
    }
    const windowMs = Math.min(Math.max(slotMs - this.#openMs, WINDOW_MS.least), WINDOW_MS.most);
    const { signal, note } = this.#work;
    const timeout = AbortSignal.timeout(Math.ceil(leftMs));
    note(`Measuring ${describeSetting(setting)}.`);
    try {
      const rate = await this.#run(setting, { windowMs, signal: AbortSignal.any([signal, timeout]) });
      if (rate === undefined) this.#skip(setting, NO_TIME);
      else this.measured.push({ ...setting, imagesPerSecond: rate.imagesPerSecond });
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) this.#skip(setting, NO_TIME);
      else if (error instanceof PreannotateError && this.#images.size > 0) {
        this.failure ??= error;
        this.#skip(setting, messageOf(error));
      } else throw error;
    }
    signal.throwIfAborted();
  }

  #skip(setting: Setting, reason: string): void {
    const isKnown = this.measured.some((one) => describeSetting(one) === describeSetting(setting));
    if (!isKnown) this.skipped.push({ setting, reason });
  }

  /** Why a setting is not tried. */
  #refuse({ precision, workersPerDevice, maxBatchSize }: Setting): string | undefined {
    const { job, models, devices } = this.#work;
    // 8-bit activations are scaled over a whole batch, so that it holds one image.
    if (precision === 'int8' && maxBatchSize > 1) return 'int8 computes one image at a time';
    if (devices.some(({ provider }) => provider !== 'cpu')) return undefined; // what they hold is not known
    const workload = describeWorkload(job, models.get(precision)!, Infinity);
    const bytes = estimateWorkerBytes(workload, maxBatchSize) * workersPerDevice * devices.length;
    const limit = readMemoryLimit();
    return bytes > limit
      ? `it needs about ${gigabytes(bytes)} of memory, and ${gigabytes(limit)} are allowed`
      : undefined;
  }

  async #run(setting: Setting, window: { windowMs: number; signal: AbortSignal }): Promise<Rate | undefined> {
    const { job, devices, models, imageFolder } = this.#work;
    const { precision, ...placement } = setting;
    const startMs = performance.now();
    const input = { model: models.get(precision)!, images: Infinity, imageFolder };
    const use = { note: () => {}, warn: () => {}, signal: window.signal, waitsForAll: true };
    await using engine = await startEngine({ ...job, devices, precision, placement }, input, use);
    this.#openMs = performance.now() - startMs;
    return await measureRate(engine, { images: this.#images, ontology: job.ontology }, window);
  }
}

/** `int8, 2 workers with 1 thread each, 1 image a batch` */
export function describeSetting({ precision, workersPerDevice, threads, maxBatchSize }: Setting): string {
  const workers = `${counted(workersPerDevice, 'worker')} with ${counted(threads, 'thread')} each`;
  return `${precision}, ${workers}, ${counted(maxBatchSize, 'image')} a batch`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
