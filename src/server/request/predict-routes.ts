import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BatchItemAnswer } from '../../config/predict-schema.js';
import type { IncomingImage } from './incoming-image.js';
import { reportItemFailure } from './item-problem.js';
import { NDJSON, sendLines } from '../http/json-lines.js';
import { predict, type PredictContext, type Search } from './predict.js';
import { batchReaders, predictReaders } from './readers.js';
import { admit, receive } from './receive.js';
import type { Server } from '../server.js';

export function predictRoutes(app: FastifyInstance, server: Server): void {
  const { settings } = server.job;

  app.post('/predict', async (request) => {
    using share = admit(request, server);
    const { images, search } = await receive(request, { readers: predictReaders, maxImages: 1 }, { server, share });
    const prediction = await predict(images[0]!, search, {
      server,
      request: request.context,
      share,
      lane: 'interactive',
    });
    return { ...prediction, model: settings.model, request_id: request.id };
  });

  app.post('/predict/batch', async (request, reply) => {
    using share = admit(request, server);
    const maxImages = Math.min(settings.requestImages, settings.queueItems);
    const { images, search } = await receive(request, { readers: batchReaders, maxImages }, { server, share });
    share.grow({ items: images.length - 1, bytes: 0 });
    const context = { server, request: request.context, share, lane: 'bulk' } as const;
    const answers = images.map((image, index) => predictBatchItem({ image, index, search }, request, context));
    if (request.headers.accept?.includes(NDJSON) === true) return await sendLines(reply, answers);
    const results = await Promise.all(answers);
    return { results, model: settings.model, request_id: request.id };
  });
}

/** What becomes of one image of a batch; nothing of it touches the others. */
async function predictBatchItem(
  { image, index, search }: { image: IncomingImage; index: number; search: Search },
  request: FastifyRequest,
  context: PredictContext,
): Promise<BatchItemAnswer> {
  const place = { index, ...(image.id === undefined ? {} : { id: image.id }) };
  try {
    return { ...place, status: 200, ...(await predict(image, search, context)) };
  } catch (error) {
    const problem = reportItemFailure(error, request, context.server);
    return { ...place, status: problem.status, error: problem };
  }
}
