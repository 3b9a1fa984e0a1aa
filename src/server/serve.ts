import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { PreannotateError } from '../core/errors.js';
import { untilAborted } from '../core/stream.js';
import type { Engine } from '../workers/engine.js';
import { createApp } from './app.js';
import { listen } from '../http/listen.js';
import { ServerState, type Backend, type ServeJob } from './request/server-state.js';
import { startBackend } from './start-backend.js';
import type { Stop } from './stop.js';

const DRAIN_POLL_MS = 20; // how often a stopping server checks whether all requests are answered

/** A stopping server does not wait longer for its workers and connections: what is left ends with the process. */
const CLEAN_UP_MS = 800;

/** What a caller of {@link serve} controls. */
interface ServeControls {
  /** Aborted with a {@link Stop} when the server is to stop. */
  readonly stop: AbortController;
  /** Called with the address, once requests are answered. */
  readonly onReady: (address: string) => void;
}

/**
 * Serves until it is stopped, then finishes what is in flight. What has not ended by then, such as a worker that
 * computes for a client that is gone, ends with the process: the caller exits.
 *
 * @returns The exit code: 0, or 1 when requests had to be cut off or no worker can be started any more.
 * @throws PreannotateError LISTEN_FAILED, and the reason why the model cannot be opened; the {@link Stop}, when it
 *   comes before the server is ready
 */
export async function serve(job: ServeJob, { stop, onReady }: ServeControls): Promise<number> {
  const server = new ServerState(job);
  const app = await createApp(server);
  let engine: Engine | undefined;
  try {
    // First: a port in use is reported before a model is opened.
    const address = await untilAborted(listen(app, job.settings), stop.signal);
    const backend = await untilAborted(startUsable(server, stop), stop.signal);
    engine = backend.engine;
    server.backend = backend;
    server.phase = 'ready';
    onReady(address);
    return await runUntilStopped(app, server, stop.signal);
  } finally {
    await Promise.race([cleanUp(app, server, engine), sleep(CLEAN_UP_MS)]);
  }
}

/** Ends the workers, whose images are answered 503, then closes the connections that remain. */
async function cleanUp(app: FastifyInstance, { connections }: ServerState, engine: Engine | undefined): Promise<void> {
  await engine?.[Symbol.asyncDispose]();
  connections.cutAll();
  await app.close();
}

/** Starts the backend; a failure of all its workers later on stops the server. @throws PreannotateError */
async function startUsable(server: ServerState, stop: AbortController): Promise<Backend> {
  const { log } = server.job;
  let failed: PreannotateError | undefined;
  const onFailure = (failure: PreannotateError) => {
    if (server.phase === 'starting') {
      failed = failure;
      return;
    }
    log.fatal({ code: failure.code }, failure.message);
    stop.abort({ why: failure.message, exitCode: 1 } satisfies Stop);
  };
  const backend = await startBackend(server, { signal: stop.signal, onFailure });
  if (failed === undefined) return backend;
  await backend.engine[Symbol.asyncDispose](); // one device failed while another one became ready
  throw failed;
}

/** Waits for a reason to stop, then lets requests in flight finish: no new connections, and answers close theirs. */
async function runUntilStopped(app: FastifyInstance, server: ServerState, signal: AbortSignal): Promise<number> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  const { why, exitCode } = signal.reason as Stop;
  const { log, settings } = server.job;
  log.info({ open: server.connections.requests }, `stopping: ${why}`);
  if (exitCode === 0 && settings.drainDelaySec > 0) {
    server.phase = 'leaving';
    await sleep(settings.drainDelaySec * 1000);
  }
  server.phase = 'draining';
  app.server.close();
  app.server.closeIdleConnections();
  const end = performance.now() + settings.drainSec * 1000;
  while (performance.now() < end && server.connections.requests > 0) await sleep(DRAIN_POLL_MS);
  if (server.connections.requests === 0) return exitCode;
  log.warn({ open: server.connections.requests }, `cut off: not finished within ${settings.drainSec} s`);
  return 1;
}
