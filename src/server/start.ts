import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { PreannotateError } from '../core/errors.js';
import { startEngine } from '../workers/start-engine.js';
import type { Watcher } from '../hub/repository.js';
import { findModel } from '../model/source.js';
import type { FinishedChunk } from '../workers/engine.js';
import { countChunk } from './http/metrics.js';
import type { Backend, Server } from './server.js';

/** A run that loses one worker after another to its images gives up; a server goes on, with pauses between. */
const MAX_CRASHES_IN_A_ROW = Infinity;

/** Whatever a worker still computes after twice the time of a request, nobody waits for. */
const LEAST_PATIENCE_SEC = 30;

const LINE_EVERY_MS = 10_000;

/**
 * Opens the model on every device, fetching it first where it is not here, and encodes the prompts of the server's ontology.
 *
 * @param onFailure - No worker can be had any more.
 * @throws PreannotateError when none can be had to begin with, and the signal's reason
 */
export async function startBackend(
  { job, metrics, serviceTime }: Server,
  { signal, onFailure }: { signal: AbortSignal; onFailure: (failure: PreannotateError) => void },
): Promise<Backend> {
  const { settings, log } = job;
  const { precision, timeoutSec } = settings;
  const model = await findModel(settings.model, {
    precision,
    watcher: logDownload(log),
    signal,
    variables: process.env,
  });
  const use = {
    batchingTimeoutSec: settings.batchingTimeoutSec,
    maxCrashesInARow: MAX_CRASHES_IN_A_ROW,
    waitsForAll: true, // a device that cannot be had is said before anybody is answered
    ...(timeoutSec === 0 ? {} : { stallTimeoutSec: Math.max(LEAST_PATIENCE_SEC, 2 * timeoutSec) }),
    onChunk: (chunk: FinishedChunk) => {
      countChunk(metrics, chunk);
      serviceTime.record(chunk.images, chunk.times.infer);
    },
    onFailure,
  };
  const note = (message: string) => log.info(message);
  const engine = await startEngine(job, { model, images: Infinity }, { ...use, note, signal });
  return { engine, model, bulk: pLimit(engine.capacity) };
}

/** A download, told in the log now and then. */
function logDownload(log: Logger): Watcher {
  let last = -Infinity;
  return {
    note: (message) => log.info(message),
    progress: ({ done, total }) => {
      const now = performance.now();
      if (now - last < LINE_EVERY_MS && done < total) return;
      last = now;
      log.info({ done, total }, 'fetching the model');
    },
  };
}
