/** Entry point of the command line. A worker process starts to load before everything else. */
import { exitNow, stopOnSignals } from '../server/stop.js';
import { startSpareWorker } from '../workers/spare-worker.js';

const NEEDS_NO_WORKER = new Set(['--help', '-h', '--dry-run']);

const args = process.argv.slice(2);
const isServer = args[0] === 'serve';
if (isServer) stopOnSignals();
if (['run', 'serve'].includes(args[0] ?? '') && !args.some((arg) => NEEDS_NO_WORKER.has(arg))) startSpareWorker();

const { main } = await import('./program.js');
process.exitCode = await main(args);
if (isServer) {
  // Nothing that a client or a worker has left open keeps a server alive.
  const { flushOutput } = await import('./output.js');
  await flushOutput();
  exitNow(process.exitCode);
}
