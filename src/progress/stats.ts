import { performance } from 'node:perf_hooks';
import type { FeatureCounts } from '../core/inference/feature-counts.js';
import type { ImageOutcome, StageTimes } from '../core/image.js';

/** Counts and times of one attempt at a run. */
export class RunStats {
  readonly started = new Date();
  found: number;
  readonly resumed: number;
  annotated = 0; // in this attempt
  duplicates = 0; // annotated in this attempt with the result of another image with the same bytes
  failed = 0;
  features: FeatureCounts | undefined; // of images in this attempt, where they are kept
  missing = { previews: 0, copies: 0 }; // files of views
  readonly #startMs = performance.now();
  #inferenceStartMs: number | undefined;
  #inferenceMs = 0;
  #firstResultMs: number | undefined;
  #stages: Partial<StageTimes> = {};

  constructor({ found, resumed }: { found: number; resumed: number }) {
    this.found = found;
    this.resumed = resumed;
  }

  count(outcome: ImageOutcome): void {
    this.#firstResultMs ??= performance.now() - this.#startMs;
    if (outcome.ok) this.annotated++;
    else this.failed++;
  }

  /** Starts the time that the rate is computed from: workers are up and prompts encoded. */
  beginImages(): void {
    this.#inferenceStartMs = performance.now();
  }

  /** @param stages - Milliseconds that all workers together spent in each stage. */
  endImages(stages: StageTimes): void {
    if (this.#inferenceStartMs !== undefined) this.#inferenceMs = performance.now() - this.#inferenceStartMs;
    this.#stages = stages;
  }

  /** Milliseconds, and the rate while images were annotated. */
  timings(): Record<string, number> {
    const rounded = (value: number) => Math.round(value * 1000) / 1000;
    return {
      total_ms: rounded(performance.now() - this.#startMs),
      first_result_ms: rounded(this.#firstResultMs ?? 0),
      images_ms: rounded(this.#inferenceMs),
      images_per_second:
        this.#inferenceMs > 0 ? rounded((this.annotated + this.failed) / (this.#inferenceMs / 1000)) : 0,
      ...Object.fromEntries(Object.entries(this.#stages).map(([stage, ms]) => [`${stage}_ms`, rounded(ms)])),
    };
  }
}
