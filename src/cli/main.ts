/** Entry point of the command line. What loads the rest comes first: with too few open files, that fails anywhere. */
import { writeEvent } from '../progress/log.js';
import { exitNow, stopOnSignals } from '../server/stop.js';
import { asksForJson } from './asks-for-json.js';
import { keepHeapSmall } from './start/heap.js';
import { describeFileLimit } from './start/open-files.js';
import { needsWorkerSoon } from './start/spare-need.js';

const args = process.argv.slice(2);
const isServer = args[0] === 'serve' || args[0] === 'review';
if (isServer) stopOnSignals();
else keepHeapSmall();

const limit = describeFileLimit();
if (limit === undefined) process.exitCode = await start();
else {
  const { message, hint } = limit;
  if (asksForJson(args, process.env)) {
    writeEvent(process.stderr, { level: 'error', event: 'error', message, code: 'INTERNAL', hint });
  } else process.stderr.write(`error: ${message}\n${hint}\n`);
  process.exitCode = 1;
}
if ((isServer || args[0] === 'worker') && limit === undefined) {
  // Nothing that a client, a worker or a Redis has left open keeps the process alive.
  const { flushOutput } = await import('./output.js');
  await flushOutput();
  exitNow(process.exitCode);
}

/** A worker process starts to load before everything else. */
async function start(): Promise<number> {
  if (needsWorkerSoon({ args, environment: process.env, cwd: process.cwd() })) {
    const { startSpareWorker } = await import('../workers/spare-worker.js');
    startSpareWorker();
  }
  const { main } = await import('./program.js');
  return await main(args);
}
