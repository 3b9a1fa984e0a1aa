// Loaded with `node --import`: of all workers, the one that is started as number STARTS_BADLY cannot open the model.
import { appendFileSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const { STARTS, STARTS_BADLY } = process.env;
  appendFileSync(STARTS, 'x');
  if (readFileSync(STARTS).length === Number(STARTS_BADLY)) {
    const { InferenceSession } = await import('onnxruntime-node');
    InferenceSession.create = () => Promise.reject(new Error('the device has no memory left'));
  }
}
