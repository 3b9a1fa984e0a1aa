import type { FastifyRequest } from 'fastify';
import type { ProblemAnswer } from '../../config/predict-schema.js';
import { countFailure } from '../http/metrics.js';
import { logServerFault, toProblemDetails } from '../http/problem-details.js';
import type { Server } from '../server.js';

/** Why one image of several has no answer: counted, logged where it is our fault, and told as a whole request's failure would be. */
export function reportItemFailure(error: unknown, request: FastifyRequest, server: Server): ProblemAnswer {
  const { body } = toProblemDetails(error, request.id);
  countFailure(server.metrics, body.code);
  logServerFault(error, request.log);
  return body;
}
