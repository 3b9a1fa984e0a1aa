import type { FastifyRequest } from 'fastify';
import type { ProblemAnswer } from '../../config/predict-schema.js';
import { countFailure } from '../../http/metrics.js';
import { logServerFault, toProblemDetails } from '../../http/problem-details.js';
import type { IncomingImage } from './incoming-image.js';
import { predict, type Lane, type Prediction } from './predict.js';
import type { Received } from './readers.js';
import { admit, receive, type Accepted } from './receive.js';
import type { ServerState } from './server-state.js';

/** What a route annotates, and how. */
interface Annotation<What extends Received> extends Accepted<What> {
  readonly server: ServerState;
  readonly atOnce?: number; // images of a request that count as admitted; default: all
  readonly lane?: Lane; // default: bulk for several images
}

/**
 * Admits a request, reads and validates it, and answers it; what it holds of the server is released afterwards.
 *
 * @param answer - Gets the request and a function that annotates one of its images.
 * @throws PreannotateError see {@link admit}, {@link receive} and {@link predict}
 */
export async function annotateRequest<What extends Received, Answer>(
  request: FastifyRequest,
  { server, atOnce = Infinity, lane, ...accepted }: Annotation<What>,
  answer: (received: What, annotate: (image: IncomingImage) => Promise<Prediction>) => Promise<Answer>,
): Promise<Answer> {
  using share = admit(request, server);
  const received = await receive(request, accepted, { server, share });
  const count = received.images.length;
  share.grow({ items: Math.max(0, Math.min(count, atOnce) - 1), bytes: 0 }); // receive() has counted the first
  const context = { server, request: request.context, share, lane: lane ?? (count > 1 ? 'bulk' : 'interactive') };
  return await answer(received, (image) => predict(image, received.search, context));
}

/** A request of one image: its boxes. */
export function annotateOne(
  request: FastifyRequest,
  { server, readers }: Pick<Annotation<Received>, 'server' | 'readers'>,
): Promise<Prediction> {
  return annotateRequest(request, { server, readers, maxImages: 1 }, ({ images }, annotate) => annotate(images[0]!));
}

/** Counts and logs why one of several images has no answer. @returns The error that stands in its place */
export function reportItemFailure(error: unknown, request: FastifyRequest, { metrics }: ServerState): ProblemAnswer {
  const { body } = toProblemDetails(error, request.id);
  countFailure(metrics, body.code);
  logServerFault(error, request.log);
  return body;
}
