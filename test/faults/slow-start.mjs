// Loaded with `node --import`: workers take ten seconds before they begin to open the model.
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const start = performance.now();
  while (performance.now() - start < 10_000) {
    await sleep(50);
    if (!process.connected) process.exit(); // its parent has gone
  }
}
