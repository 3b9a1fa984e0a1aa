/** Entry point of the command line. A worker process starts to load before everything else. */
import { startSpareWorker } from '../workers/spare-worker.js';

const NEEDS_NO_WORKER = new Set(['--help', '-h', '--dry-run']);

const args = process.argv.slice(2);
if (['run', 'serve'].includes(args[0] ?? '') && !args.some((arg) => NEEDS_NO_WORKER.has(arg))) startSpareWorker();

const { main } = await import('./program.js');
process.exitCode = await main(args);
