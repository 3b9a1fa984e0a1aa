// Loaded with `node --import`: a worker opens the model once the file OPEN_WHEN is there.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const { InferenceSession } = await import('onnxruntime-node');
  const { create } = InferenceSession;
  InferenceSession.create = async (...args) => {
    while (!existsSync(process.env.OPEN_WHEN)) await sleep(20);
    return create.apply(InferenceSession, args);
  };
}
