import type { PreannotateError } from '../core/errors.js';
import type { ImageOutcome, ImageSource, StageTimes } from '../core/image.js';
import type { FeatureCounts } from '../core/inference/feature-counts.js';
import type { Ontology } from '../core/ontology.js';
import type { ChosenExample } from '../core/seen-example.js';
import type { Placement } from './devices/placement.js';

/** What the batch run and the server compute with. Batching and retries happen behind it. */
export interface Engine extends AsyncDisposable {
  /** Calls in flight that keep every device busy: one batch computing, others being decoded. */
  readonly capacity: number;
  readonly placement: Placement;
  /** Sums over all workers since the start. */
  readonly times: StageTimes;
  /** Resolves when a worker has opened the model. @throws PreannotateError when none can be had */
  ready(): Promise<void>;
  /** Resolves when every worker has. @throws PreannotateError when one cannot be had */
  allReady(): Promise<void>;
  /**
   * Encodes the prompts and examples of an ontology, unless that was done before.
   *
   * @returns Where the model sees the object of each example.
   * @throws PreannotateError ONTOLOGY_INVALID
   */
  prepare(ontology: Ontology, options?: PrepareOptions): Promise<readonly ChosenExample[]>;
  /** An image that cannot be annotated is an outcome too. Rejects when no worker can be had, or on `signal`. */
  detect(image: ImageSource, ontology: Ontology, signal: AbortSignal): Promise<ImageOutcome>;
  /** Announces an image, so that a chunk waits for it briefly. Dispose of it when the image has come, or will not. */
  expect(): Disposable;
  status(): EngineStatus;
}

/** How an ontology is prepared. */
export interface PrepareOptions {
  readonly keep?: boolean; // in the disk cache; not for ontologies of untrusted clients, which would fill the disk
  readonly signal?: AbortSignal; // the caller is gone: unless other callers wait, encoding is not begun
}

/** What an engine reports while it works. */
export interface EngineEvents {
  readonly onWarning: (message: string) => void;
  readonly onChunk?: (chunk: FinishedChunk) => void;
  readonly onFailure?: (failure: PreannotateError) => void; // no worker can be had any more
}

/** What an engine is doing. */
export interface EngineStatus {
  readonly waiting: number; // images that no worker has yet
  readonly workers: readonly WorkerStatus[];
  readonly takenPart?: readonly TakenPart[]; // where the work is done on other machines
  readonly features?: FeatureCounts; // of the images answered, where features are kept
  readonly cannotStore?: boolean; // the folder of features cannot be written: a warning has the reason
}

/** Images of a run that the workers of a machine have annotated. */
export interface TakenPart {
  readonly host: string;
  readonly devices: readonly string[];
  readonly images: number;
}

export interface WorkerStatus {
  readonly device: string;
  readonly ready: boolean;
  readonly images: number; // in flight
  readonly restarts: number;
  readonly loadMs: number; // that opening the model took; 0 before the first time
}

/** Images that a worker was given together and has answered, and what it computed since it last answered. */
export interface FinishedChunk {
  readonly device: string;
  readonly images: number; // without those that were cancelled
  readonly times: StageTimes;
  readonly passes: readonly number[]; // inputs of each forward pass: images, or their tiles
  readonly features?: FeatureCounts; // where they are kept
}
