import { z } from 'zod';
import { FAILURES } from '../../core/errors.js';
import { PROBLEM_TYPE } from './problem-details.js';

export type Json = Record<string, unknown>;

/** The description of one route in /openapi.json. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly requestBody?: Json;
  readonly parameters?: readonly Json[];
  readonly responses: Readonly<Record<string, Json>>;
}

/** The failures that a request may be answered with. */
const DOCUMENTED = Object.entries(FAILURES).filter(([, { openApi }]) => openApi !== null);

/** The statuses of every failure that a request for a prediction may be answered with. */
export const PREDICTION_ERRORS: readonly number[] = [...new Set(DOCUMENTED.map(([, { httpStatus }]) => httpStatus))];

interface OperationDetails extends Partial<Operation> {
  readonly type?: string; // media type of the answer
  readonly status?: number;
  readonly errors?: readonly number[];
}

/** A route whose answer the summary describes well enough. */
export function describeRoute(summary: string, details: OperationDetails = {}): Operation {
  const { type = 'application/json', status = 200, errors = [], ...rest } = details;
  const responses = { [status]: { description: summary, content: { [type]: {} } }, ...describeErrors(errors) };
  return { summary, ...rest, responses };
}

/** The responses for statuses of failures. */
export function describeErrors(statuses: readonly number[]): Record<string, Json> {
  return Object.fromEntries(statuses.map((status) => [status, describeError(status)]));
}

function describeError(status: number): Json {
  const failures = DOCUMENTED.filter(([, { httpStatus }]) => httpStatus === status);
  return {
    description: failures.map(([code, { openApi }]) => `${code} (${openApi})`).join(', '),
    content: { [PROBLEM_TYPE]: { schema: refTo('Problem') } },
  };
}

/** A reference to one of the document's schemas. */
export function refTo(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** @param io - `input`: as clients may write it; `output`: as the server answers. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json; // OpenAPI 3.1 names the dialect once
  return rest;
}

/** Any JSON object; other programs document their own bodies. */
export const JSON_BODY: Json = { required: true, content: { 'application/json': { schema: { type: 'object' } } } };
