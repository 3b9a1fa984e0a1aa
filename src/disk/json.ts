import { z } from 'zod';
import { PreannotateError, systemCodeOf, type FailureCode } from '../core/errors.js';
import { printable } from '../core/text.js';
import { describeReadError } from './readable-file.js';
import { readTextFile } from './regular-file.js';

export const MAX_JSON_BYTES = 64 << 20; // an ontology of a million prompts

/** How JSON that cannot be used is reported. */
export interface JsonRefusal {
  readonly code: FailureCode;
  readonly hint: string;
}

/**
 * Reads a JSON file and checks its form.
 *
 * @returns undefined when there is no such file.
 * @throws PreannotateError naming the file and the first thing that is wrong.
 */
export async function readJsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  refusal: JsonRefusal,
): Promise<z.output<Schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readTextFile(path, MAX_JSON_BYTES)));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw jsonError(path, error, refusal);
  }
}

/** An error for JSON that cannot be used. @param where - The file, and the line where there is one. */
export function jsonError(where: string, cause: unknown, { code, hint }: JsonRefusal): PreannotateError {
  const reason = cause instanceof z.ZodError ? formProblem(cause) : describeReadError(cause);
  return new PreannotateError(
    { code, message: `${printable(where)} cannot be read: ${printable(reason)}.`, hint },
    cause,
  );
}

/** `the value at classes[0].id is wrong: expected number, received string` */
function formProblem({ issues: [issue] }: z.ZodError): string {
  const { path, message } = issue!;
  const steps = path.map((step, i) =>
    typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${String(step)}`,
  );
  const place = path.length === 0 ? 'its content' : `the value at ${steps.join('')}`;
  return `${place} is wrong: ${message.replace(/^Invalid input: /, '')}`;
}
