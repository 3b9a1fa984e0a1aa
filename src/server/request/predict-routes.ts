import type { FastifyInstance } from 'fastify';
import type { BatchItemAnswer } from '../../config/predict-schema.js';
import { annotateOne, annotateRequest, reportItemFailure } from './annotate-request.js';
import { NDJSON, sendLines } from './json-lines.js';
import { PREDICT, PREDICT_BATCH } from './predict-operations.js';
import { batchReaders, predictReaders } from './readers.js';
import type { ServerState } from './server-state.js';

/** Our own protocol: one image, or several. */
export function registerPredict(app: FastifyInstance, server: ServerState): void {
  const { model, requestImages, queueItems } = server.job.settings;

  app.post('/predict', { config: { operation: PREDICT } }, async (request) => {
    const prediction = await annotateOne(request, { server, readers: predictReaders });
    return { ...prediction, model, request_id: request.id };
  });

  const accepted = { readers: batchReaders, maxImages: Math.min(requestImages, queueItems), lane: 'bulk' } as const;
  app.post('/predict/batch', { config: { operation: PREDICT_BATCH } }, (request, reply) =>
    annotateRequest(request, { server, ...accepted }, async ({ images }, annotate) => {
      const answers = images.map(async (image, index): Promise<BatchItemAnswer> => {
        const place = { index, ...(image.id === undefined ? {} : { id: image.id }) };
        try {
          return { ...place, status: 200, ...(await annotate(image)) };
        } catch (error) {
          const problem = reportItemFailure(error, request, server);
          return { ...place, status: problem.status, error: problem };
        }
      });
      if (request.headers.accept?.includes(NDJSON) === true) return await sendLines(reply, answers);
      return { results: await Promise.all(answers), model, request_id: request.id };
    }),
  );
}
