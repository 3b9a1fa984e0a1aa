import type { Diagnosis } from './diagnosis.js';

/** A diagnosis as `--json` prints it: keys in snake_case, as in all JSON that is printed. */
export function diagnosisToJson(diagnosis: Diagnosis): unknown {
  const { environment } = diagnosis; // names of variables stay as they are
  return { ...(toSnakeCase(diagnosis) as object), environment };
}

/** The same value with the keys of all objects in snake_case. */
export function toSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => toSnakeCase(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      toSnakeCase(item),
    ]),
  );
}
