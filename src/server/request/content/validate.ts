import { z } from 'zod';
import { describeIssues } from '../../../config/problems.js';
import { excerpt } from '../../../core/text.js';
import { findNearest } from '../../../disk/nearest.js';
import { MAX_ERRORS, pointerOf, RequestError, type FieldError } from '../../../http/request-error.js';

/** What other programs call our fields. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  image_base64: ['image', 'img', 'image_b64', 'b64', 'base64', 'image_bytes', 'image_data', 'file', 'data'],
  image_url: ['url', 'uri', 'image_uri', 'img_url', 'link'],
  images: ['inputs', 'items', 'instances', 'files'],
  ontology: ['prompt', 'prompts', 'class', 'classes', 'labels', 'text', 'texts', 'queries'],
  score_threshold: ['threshold', 'conf', 'confidence', 'score', 'min_score', 'box_threshold', 'score_thr'],
  nms_iou: ['iou', 'iou_threshold', 'nms_threshold'],
  class_agnostic_nms: ['agnostic_nms', 'agnostic'],
  max_detections: ['max_det', 'limit', 'top_k', 'topk'],
};

/**
 * Parses a value by a schema.
 *
 * @throws RequestError REQUEST_INVALID with a sentence and a JSON pointer for each error
 */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw invalidRequestError(result.error.issues.slice(0, MAX_ERRORS).map((issue) => describeIssue(issue, schema)));
}

/** Fields that are wrong. */
export function invalidRequestError(errors: readonly FieldError[]): RequestError {
  const sentences = errors.map(({ pointer, detail }) => (pointer === '' ? detail : `${excerpt(pointer)}: ${detail}`));
  return new RequestError('REQUEST_INVALID', sentences.join(' '), { errors });
}

function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType): FieldError {
  const pointer = pointerOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    return { pointer: pointerOf([...issue.path, key]), detail: describeUnknownKey(key, keysAt(schema, issue.path)) };
  }
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
  if (isMissing) return { pointer, detail: pointer === '' ? 'The body is missing.' : 'It is missing.' };
  const subject = pointer === '' ? 'The body' : 'It';
  const names = { subject: () => subject, whereKey: () => subject, knownKeys: () => [], isJson: true };
  const [problem] = describeIssues({ issues: [issue] } as unknown as z.ZodError, names);
  const advice = problem?.advice === undefined ? '' : ` ${problem.advice}`;
  return { pointer, detail: `${problem?.message ?? issue.message}${advice}` };
}

function describeUnknownKey(key: string, known: readonly string[]): string {
  const unknown = `There is no field "${excerpt(key)}".`;
  if (known.length === 0) return unknown;
  const names = new Map(known.flatMap((field) => [field, ...(OTHER_NAMES[field] ?? [])].map((name) => [name, field])));
  for (const field of known) names.set(field, field); // a field's own name precedes another's other name
  const meant = findNearest(key.toLowerCase(), [...names.keys()]);
  if (meant === undefined) return `${unknown} The fields are ${known.join(', ')}.`;
  return `${unknown} Did you mean "${names.get(meant)}"?`;
}

/** The fields of the object at a path of a schema; none where it has no such object, or takes any key. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = unwrap(schema);
  for (const step of path) {
    if (at instanceof z.ZodObject) at = unwrap((at.shape as Record<string, unknown>)[String(step)]);
    else if (at instanceof z.ZodArray) at = unwrap(at.element);
    else return [];
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** Without what makes it optional. */
function unwrap(schema: unknown): unknown {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional || schema instanceof z.ZodNullable;
  return isWrapped ? unwrap(schema.unwrap()) : schema;
}
