// Loaded with `node --import`: every worker process dies at once; its parent waits a tenth of the time between starts.
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import timers from 'node:timers/promises';

if (basename(process.argv[1] ?? '') === 'worker.js') process.kill(process.pid, 'SIGKILL');

const { setTimeout: sleep } = timers;
timers.setTimeout = (ms, ...rest) => sleep(ms / 10, ...rest);
syncBuiltinESMExports();
