// Loaded with `node --import`: each image of a batch takes SLOW_MS longer and keeps the worker's thread busy.
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const { InferenceSession } = await import('onnxruntime-node');
  const { create } = InferenceSession;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  InferenceSession.create = async (...args) => {
    const session = await create.apply(InferenceSession, args);
    const run = session.run.bind(session);
    session.run = (feeds, ...rest) => {
      const isModel = feeds.pixels !== undefined && Object.keys(feeds).length > 1; // resizing takes pixels alone
      const images = isModel ? feeds.pixels.dims[0] : 0;
      if (images > 0) Atomics.wait(clock, 0, 0, images * Number(process.env.SLOW_MS));
      return run(feeds, ...rest);
    };
    return session;
  };
}
