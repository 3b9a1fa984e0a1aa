// Loaded with `node --import`: no BullMQ worker can be set up.
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'preannotate.js') {
  const { Worker } = await import('bullmq');
  Worker.prototype.on = () => {
    throw new Error('this library is on strike');
  };
}
