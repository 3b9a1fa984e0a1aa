import { z } from 'zod';
import { toInputSchema } from '../config/json-schema.js';
import { FAILURES } from '../core/errors.js';
import { PROBLEM_TYPE } from './problem-details.js';

export type Json = Record<string, unknown>;

/** The description of one route in /openapi.json. */
export interface Operation {
  readonly operationId?: string; // set where routes are collected
  readonly security?: readonly Json[]; // empty: public
  readonly summary: string;
  readonly description?: string;
  readonly requestBody?: Json;
  readonly parameters?: readonly Json[];
  readonly responses: Readonly<Record<string, Json>>;
}

/** The failures that a request may be answered with. */
const DOCUMENTED = Object.entries(FAILURES).filter(([, { openApi }]) => openApi !== null);

const NOT_FOUND = 404; // only where the address has a name in it

/** The statuses of every failure that a request for a prediction may be answered with. */
export const PREDICTION_ERRORS: readonly number[] = [...new Set(DOCUMENTED.map(([, { httpStatus }]) => httpStatus))]
  .filter((status) => status !== NOT_FOUND)
  .sort((a, b) => a - b);

/** The same with a name in the address, which may be unknown. */
export const NAMED_ERRORS: readonly number[] = [...PREDICTION_ERRORS, NOT_FOUND];

/** A reference to one of the document's schemas. */
export function refTo(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** What errors hold. */
const PROBLEM: Json = { [PROBLEM_TYPE]: { schema: refTo('Problem') } };

/** Schema of an object with these properties, all required but those whose name ends in `?`; there may be others. */
export function objectOf(properties: Json): Json {
  const entries = Object.entries(properties);
  return {
    type: 'object',
    required: entries.map(([name]) => name).filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace('?', ''), schema])),
  };
}

export const TEXT: Json = { type: 'string' };
export const NUMBER: Json = { type: 'number' };
export const NUMBER_OR_NULL: Json = { type: ['number', 'null'] };
export const INTEGER: Json = { type: 'integer' };
export const BOOLEAN: Json = { type: 'boolean' };

export function arrayOf(items: Json): Json {
  return { type: 'array', items };
}

interface OperationDetails extends Partial<Operation> {
  readonly type?: string; // media type of the answer
  readonly status?: number;
  readonly answer?: Json; // schema of it
  readonly errors?: readonly number[];
  readonly unready?: string; // description of the same answer with 503
  readonly problem?: Json; // the content of errors, where it is not a Problem
}

/** A route whose answer the summary describes well enough. */
export function describeRoute(summary: string, details: OperationDetails = {}): Operation {
  const { type = 'application/json', status = 200, answer, errors = [], unready, problem, ...rest } = details;
  const content = { [type]: answer === undefined ? {} : { schema: answer } };
  const responses = {
    [status]: { description: summary, content },
    ...(unready === undefined ? {} : { 503: { description: unready, content } }),
    ...describeErrors(errors, problem),
  };
  return { summary, ...rest, responses };
}

/** The responses for statuses of failures. */
export function describeErrors(statuses: readonly number[], content: Json = PROBLEM): Record<string, Json> {
  return Object.fromEntries(statuses.map((status) => [status, describeError(status, content)]));
}

function describeError(status: number, content: Json): Json {
  const failures = DOCUMENTED.filter(([, { httpStatus }]) => httpStatus === status);
  return {
    description: failures.map(([code, { openApi }]) => `${code} (${openApi})`).join(', '),
    content,
  };
}

/** @param io - `input`: as clients may write it; `output`: as the server answers. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  if (io === 'input') return toInputSchema(schema, { target: 'draft-2020-12', alternatives: false });
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Json; // OpenAPI 3.1 names the dialect once
  return rest;
}

/** Any JSON object; other programs document their own bodies. */
export const JSON_BODY: Json = { required: true, content: { 'application/json': { schema: { type: 'object' } } } };
