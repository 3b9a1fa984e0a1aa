// Loaded with `node --import`: the device of every worker has memory for two images, and fails as ONNX Runtime does.
import { createRequire } from 'node:module';
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const runtime = createRequire(createRequire(import.meta.url).resolve('onnxruntime-node'));
  const { InferenceSession } = runtime('onnxruntime-common');
  const { run } = InferenceSession.prototype;
  InferenceSession.prototype.run = function (feeds, ...rest) {
    if (feeds.queries !== undefined && feeds.pixels.dims[0] > 2)
      throw new Error('Failed to allocate memory for requested buffer of size 123456789');
    return run.call(this, feeds, ...rest);
  };
}
