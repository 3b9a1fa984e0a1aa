// Loaded with `node --import`: no worker can open the model.
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const { InferenceSession } = await import('onnxruntime-node');
  InferenceSession.create = () => Promise.reject(new Error('this device is on strike'));
}
