// Loaded with `node --import`: a process that tries a device crashes, as a broken driver would take it.
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'probe-worker.js') process.kill(process.pid, 'SIGSEGV');
