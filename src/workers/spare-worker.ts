import { Child } from './child-process.js';
import type { FromWorker, ToWorker } from './protocol.js';

const WORKER = new URL('./child/worker.js', import.meta.url);

type WorkerChild = Child<ToWorker, FromWorker>;

/** A worker's process that was started ahead of need and knows no model yet. */
let spare: WorkerChild | undefined;

/**
 * Starts a worker's process now, so that it loads ONNX Runtime and sharp while this one still loads its own modules:
 * the first result is there 0.2 s sooner (`npm run bench -- startup`). It does not keep this process alive, and ends
 * with it.
 */
export function startSpareWorker(): void {
  try {
    spare = new Child(WORKER);
    spare.keepParentAlive(false);
  } catch {
    // No process can be started now. The first worker is started later and reports why it cannot be.
  }
}

/** The process started ahead, if it still runs and needs no environment of its own; else a new one. */
export function takeWorkerChild(environment: NodeJS.ProcessEnv): WorkerChild {
  const waiting = spare;
  spare = undefined;
  if (waiting?.isRunning === true && Object.keys(environment).length === 0) {
    waiting.keepParentAlive(true);
    return waiting;
  }
  waiting?.kill();
  return new Child(WORKER, environment);
}
