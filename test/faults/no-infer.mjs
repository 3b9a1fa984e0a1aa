// Loaded with `node --import`: the model fails on every image.
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const { InferenceSession } = await import('onnxruntime-node');
  const { create } = InferenceSession;
  InferenceSession.create = async (...args) => {
    const session = await create.apply(InferenceSession, args);
    const run = session.run.bind(session);
    session.run = (feeds, ...rest) => {
      const isModel = feeds.pixels !== undefined && Object.keys(feeds).length > 1; // resizing takes pixels alone
      if (isModel) throw new Error('a secret of the model');
      return run(feeds, ...rest);
    };
    return session;
  };
}
