import type { Xywh } from '../../core/box.js';

/** An object of JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A finite number; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A box as COCO writes it: four numbers. */
export function isXywh(value: unknown): value is Xywh {
  return Array.isArray(value) && value.length === 4 && value.every((side) => numberOf(side) !== undefined);
}

/** A text that is not empty; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
