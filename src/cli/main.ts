/** Entry point of the command line. What loads the rest comes first: with too few open files, that fails anywhere. */
import { describeFileLimit } from './open-files.js';

const NEEDS_NO_WORKER = new Set(['--help', '-h', '--dry-run']);

const limit = describeFileLimit();
if (limit === undefined) process.exitCode = await start(process.argv.slice(2));
else {
  process.stderr.write(limit);
  process.exitCode = 1;
}

/** A worker process starts to load before everything else. */
async function start(args: readonly string[]): Promise<number> {
  if (['run', 'serve'].includes(args[0] ?? '') && !args.some((arg) => NEEDS_NO_WORKER.has(arg))) {
    const { startSpareWorker } = await import('../workers/spare-worker.js');
    startSpareWorker();
  }
  const { main } = await import('./program.js');
  return await main(args);
}
