import type { ProblemAnswer } from '../../../config/predict-schema.js';

/** The form of the protocol's errors: one text. */
export function errorBody({ detail, hint }: ProblemAnswer): { error: string } {
  return { error: hint === undefined ? detail : `${detail} ${hint}` };
}
