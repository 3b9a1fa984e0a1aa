import type { Device } from '../core/device.js';
import type { PreannotateError } from '../core/errors.js';
import type { ImageOutcome, ImageSource } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import type { StageTimes, WorkerSettings } from './protocol.js';
import type { PromptSource } from './queries.js';

/** The one call that the batch run and the server meet at. Batching and retries happen behind it. */
export interface Engine extends AsyncDisposable {
  /** Calls in flight that keep every device busy: one batch computing, others being decoded. */
  readonly capacity: number;
  /** Resolves when a worker has opened the model. @throws PreannotateError when none can be had */
  ready(): Promise<void>;
  /** Resolves when every worker has. @throws PreannotateError when one cannot be had */
  allReady(): Promise<void>;
  /** Encodes the prompts and examples of an ontology, unless that was done before. @throws PreannotateError ONTOLOGY_INVALID */
  prepare(ontology: Ontology, options?: PrepareOptions): Promise<void>;
  /** Never rejects because of the image: that is an answer too. Rejects when no worker can be had, or on `signal`. */
  detect(image: ImageSource, ontology: Ontology, signal: AbortSignal): Promise<ImageOutcome>;
  /** Announces an image, so that a batch waits for it a little. Dispose of it when the image is there, or will not come. */
  expect(): Disposable;
  status(): EngineStatus;
}

/** How an ontology is prepared. */
export interface PrepareOptions {
  readonly keep?: boolean; // in the disk cache; not for ontologies of strangers, which would fill the disk
  readonly signal?: AbortSignal; // nobody waits any more: unless others do, it is not begun
}

/** What an engine is doing. */
export interface EngineStatus {
  readonly waiting: number; // images that no worker has yet
  readonly workers: readonly WorkerStatus[];
}

export interface WorkerStatus {
  readonly device: string;
  readonly ready: boolean;
  readonly images: number; // in its hands
  readonly restarts: number;
  readonly loadMs: number; // that opening the model took; 0 before the first time
}

/** Images that a worker was given together, and is done with: one forward pass, unless there are tiles or many prompts. */
export interface FinishedChunk {
  readonly device: string;
  readonly images: number;
  readonly times: StageTimes;
}

export interface PoolOptions {
  readonly devices: readonly Device[];
  readonly workersPerDevice: number;
  readonly maxBatchSize: number;
  readonly settings: Omit<WorkerSettings, 'maxBatchSize'>;
  readonly prompts: PromptSource;
  readonly onWarning: (message: string) => void;
  readonly batchingTimeoutSec?: number; // how long a batch may wait to fill up; default: until a worker has nothing to do
  readonly maxCrashesInARow?: number; // of one worker with images in hand, none finished between
  readonly stallTimeoutSec?: number; // with a worker that has images and gives no sign of life; default: ten minutes an image
  readonly onChunk?: (chunk: FinishedChunk) => void;
  readonly onFailure?: (failure: PreannotateError) => void; // no worker can be had any more
}
