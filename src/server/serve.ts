import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { PreannotateError } from '../core/errors.js';
import { createApp } from './app.js';
import { listen } from './http/listen.js';
import { ServerState, type Backend, type ServeJob } from './request/server-state.js';
import { startBackend } from './start-backend.js';

const DRAIN_POLL_MS = 20; // how often a stopping server checks whether all requests are answered

/** Why a server stops, and with which exit code. */
interface Stop {
  readonly why: string;
  readonly exitCode: number;
}

/**
 * Serves until SIGTERM or SIGINT, then finishes what is in flight. A second signal ends the process at once.
 *
 * @param onReady - Called with the address, once requests are answered.
 * @returns The exit code: 0, or 1 when requests had to be cut off or no worker can be started any more.
 * @throws PreannotateError LISTEN_FAILED, and the reason why the model cannot be opened
 */
export async function serve(job: ServeJob, onReady: (address: string) => void): Promise<number> {
  const server = new ServerState(job);
  const app = await createApp(server);
  const stop = new AbortController();
  using _signals = handleSignals(stop);
  try {
    const address = await listen(app, job.settings); // first: a port in use is reported before a model is opened
    const backend = await startUsable(server, stop);
    await using _engine = backend.engine;
    server.backend = backend;
    server.phase = 'ready';
    onReady(address);
    return await runUntilStopped(app, server, stop.signal);
  } catch (error) {
    if (error === stop.signal.reason) return (error as Stop).exitCode; // stopped before it was ready
    throw error;
  } finally {
    await app.close(); // closes the remaining connections
  }
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

function handleSignals(stop: AbortController): Disposable {
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const handler = () => {
      if (stop.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143); // workers see that and end too
      stop.abort({ why: name, exitCode: 0 } satisfies Stop);
    };
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  return { [Symbol.dispose]: () => handlers.forEach((remove) => remove()) };
}
