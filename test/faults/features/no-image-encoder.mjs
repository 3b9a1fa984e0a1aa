// Loaded with `node --import`: the half of the model that encodes images fails; stored features are not concerned.
import { basename } from 'node:path';

if (basename(process.argv[1] ?? '') === 'worker.js') {
  const { InferenceSession } = await import('onnxruntime-node');
  const { create } = InferenceSession;
  InferenceSession.create = async (...args) => {
    const session = await create.apply(InferenceSession, args);
    const run = session.run.bind(session);
    const isEncoder = session.outputNames.includes('class_embeds');
    session.run = (feeds, ...rest) => {
      if (isEncoder) throw new Error('the image encoder is broken');
      return run(feeds, ...rest);
    };
    return session;
  };
}
