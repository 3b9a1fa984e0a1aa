import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('./child/worker.js', import.meta.url));

/** A worker's process that was started ahead of need and knows no model yet. */
let spare: ChildProcess | undefined;

/**
 * Starts a worker's process now, so that it loads ONNX Runtime and sharp while this one still loads its own modules: the
 * first result is there 0.2 s sooner. It keeps nothing alive, and goes when this process goes.
 */
export function startSpareWorker(): void {
  spare = forkWorker(process.env);
  spare.on('error', () => {}); // it could not be started: whoever needs one tries again and says so
  keepsAlive(spare, false);
}

/** The process started ahead, if it is alive and its environment will do; else a new one. */
export function takeWorkerProcess(environment: Readonly<Record<string, string | undefined>>): ChildProcess {
  const waiting = spare;
  spare = undefined;
  const isUsable = waiting?.connected === true && waiting.exitCode === null && waiting.signalCode === null;
  if (isUsable && Object.keys(environment).length === 0) {
    keepsAlive(waiting, true);
    return waiting;
  }
  waiting?.kill('SIGKILL');
  return forkWorker({ ...process.env, ...environment });
}

/** Whether this process waits for that one: for the process itself, its messages and what it writes to stderr. */
function keepsAlive(child: ChildProcess, does: boolean): void {
  for (const handle of [child, child.channel, child.stderr as Socket | null]) {
    if (does) handle?.ref();
    else handle?.unref();
  }
}

function forkWorker(environment: NodeJS.ProcessEnv): ChildProcess {
  const options: ForkOptions = {
    serialization: 'advanced', // the JSON form takes a hundred times as long for embeddings
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...environment, ORT_DISABLE_TELEMETRY: '1' },
  };
  return fork(WORKER, options);
}
