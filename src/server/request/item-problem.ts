import type { FastifyRequest } from 'fastify';
import type { ProblemAnswer } from '../../config/predict-schema.js';
import { countFailure } from '../http/metrics.js';
import { logOwnFault, problemOf } from '../http/problem.js';
import type { Server } from '../server.js';

/** Why one image of several has no answer: counted, logged where it is our fault, and told as a whole request's failure would be. */
export function itemProblemOf(error: unknown, request: FastifyRequest, server: Server): ProblemAnswer {
  const { body } = problemOf(error, request.id);
  countFailure(server.metrics, body.code);
  logOwnFault(error, request.log);
  return body;
}
