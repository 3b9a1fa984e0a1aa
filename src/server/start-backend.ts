import type { Logger } from 'pino';
import type { PreannotateError } from '../core/errors.js';
import type { DownloadObserver } from '../hub/repository.js';
import { assertGivesObjectness } from '../model/objectness.js';
import { findModel } from '../model/source.js';
import type { FinishedChunk } from '../workers/engine.js';
import { startEngine, type EngineUse } from '../workers/start-engine.js';
import { countChunk } from '../http/metrics.js';
import { openFeatures } from './open-features.js';
import { createBackend, type Backend, type ServerState } from './request/server-state.js';

/** A batch run stops when one worker after another dies; a server keeps restarting them, with pauses in between. */
const MAX_CRASHES_IN_A_ROW = Infinity;

/** A worker that still computes after twice the time of a request works on a request that has been answered already. */
const MIN_STALL_TIMEOUT_SEC = 30;

const LOG_INTERVAL_MS = 10_000;

/**
 * Downloads the model unless it is here, opens it on every device, and encodes the prompts of the server's ontology.
 *
 * @param onFailure - No worker can be started any more.
 * @throws PreannotateError when no worker can be started at all; the signal's reason
 */
export async function startBackend(
  { job, metrics, admission }: ServerState,
  { signal, onFailure }: { signal: AbortSignal; onFailure: (failure: PreannotateError) => void },
): Promise<Backend> {
  const { settings, log } = job;
  const { precision, timeoutSec } = settings;
  const watcher = logDownload(log);
  const model = await findModel(settings.model, { precision, watcher, signal, variables: process.env });
  assertGivesObjectness(model, job.worker.minObjectness);
  await openFeatures(job, model);
  const stall: Pick<EngineUse, 'stallTimeoutSec'> =
    timeoutSec === 0 ? {} : { stallTimeoutSec: Math.max(MIN_STALL_TIMEOUT_SEC, 2 * timeoutSec) };
  const options: EngineUse = {
    batchingTimeoutSec: settings.batchingTimeoutSec,
    maxCrashesInARow: MAX_CRASHES_IN_A_ROW,
    waitsForAll: true, // an unusable device is reported before any request is answered
    ...stall,
    onChunk: (chunk: FinishedChunk) => {
      countChunk(metrics, chunk);
      if (chunk.images > 0) admission.serviceTime.record(chunk.images, chunk.times.infer);
    },
    onFailure,
    note: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
    signal,
  };
  const engine = await startEngine(job, { model, images: Infinity }, options);
  const hasOwn = job.ontology.classes.length > 0;
  return createBackend({ engine, model, examples: hasOwn ? await engine.prepare(job.ontology) : [] });
}

/** Logs the progress of a download at intervals. */
function logDownload(log: Logger): DownloadObserver {
  let lastMs = -Infinity;
  return {
    note: (message) => log.info(message),
    progress: ({ done, total }) => {
      const nowMs = performance.now();
      if (nowMs - lastMs < LOG_INTERVAL_MS && done < total) return;
      lastMs = nowMs;
      log.info({ done, total }, 'fetching the model');
    },
  };
}
