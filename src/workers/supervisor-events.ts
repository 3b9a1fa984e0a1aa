import type { Failure } from '../core/errors.js';
import type { FinishedChunk } from './engine.js';
import type { PendingDetection } from './pending-detection.js';
import type { WorkerDeath } from './worker-death.js';

/** What a supervisor reports to its pool. */
export interface SupervisorEvents<Supervisor> {
  /** There is room for a chunk: a worker is ready, or has finished one. */
  available(): void;
  /** A worker died while it had these images; the death is not yet counted against them. */
  imagesLost(images: readonly PendingDetection[], death: WorkerDeath, supervisor: Supervisor): void;
  /** A worker died with no image in flight. */
  diedIdle(death: WorkerDeath, supervisor: Supervisor): void;
  finished(chunk: Omit<FinishedChunk, 'device'>, supervisor: Supervisor): void;
  /** A worker has an image whose features are not stored. */
  encodes(): void;
  /** Something the user should know; other workers may report the same. */
  /** @param endsStoring - The worker stores no more features. */
  noticed(message: string, endsStoring: boolean): void;
  /** Whether any worker of the pool has been ready: what kills others before they are ready is not the device. */
  hasAnyOpened(): boolean;
  /** No worker can be had for this device. */
  gaveUp(failure: Failure, supervisor: Supervisor): void;
}
