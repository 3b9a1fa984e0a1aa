import type { Change, Decision } from '../../core/review/decision.js';

/**
 * The form of lines of review.jsonl once more, as code: for the many lines of a large review, the schemas of
 * review-line.ts would take most of the time. What these functions accept, the schemas accept, and give as it is; they
 * say what is wrong with the rest.
 */

/** A line without its changes. */
export interface LineHead extends Pick<Decision, 'image' | 'sha256' | 'revision' | 'author' | 'at'> {
  readonly step?: string;
  readonly base?: number;
}

export function isHead(value: unknown): value is LineHead {
  if (!isObject(value) || 'boxes' in value) return false; // of earlier versions
  const { image, sha256, revision, author, at, step, base } = value;
  return (
    typeof image === 'string' &&
    typeof sha256 === 'string' &&
    Number.isSafeInteger(revision) &&
    (revision as number) > 0 &&
    typeof author === 'string' &&
    typeof at === 'string' &&
    (step === undefined || typeof step === 'string') &&
    (base === undefined || Number.isSafeInteger(base))
  );
}

/** Classes, each with a prompt. */
export function isListOfNames(value: unknown): value is (readonly [name: string, prompt: string])[] {
  return Array.isArray(value) && value.every((pair) => isTuple(pair, 2, (one) => typeof one === 'string'));
}

export function isListOfChanges(value: unknown): value is Change[] {
  return Array.isArray(value) && value.every(isChange);
}

function isChange(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { op } = value;
  if (Object.keys(value).length !== 2) return false;
  if (op === 'set') return isBox(value['box']);
  if (op === 'forget') return typeof value['id'] === 'string';
  return op === 'state' && (value['state'] === 'open' || value['state'] === 'accepted');
}

const STATUSES: readonly unknown[] = ['kept', 'corrected', 'drawn', 'rejected'];

function isBox(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, status, class: name, box, from, prompt, score, ...others } = value;
  for (const _ in others) return false;
  return (
    typeof id === 'string' &&
    id.length >= 1 &&
    id.length <= 64 &&
    STATUSES.includes(status) &&
    typeof name === 'string' &&
    isTuple(box, 4, Number.isFinite) &&
    (from === undefined || isTuple(from, 4, Number.isFinite)) &&
    (prompt === undefined || typeof prompt === 'string') &&
    (score === undefined || (typeof score === 'number' && score >= 0 && score <= 1))
  );
}

function isTuple(value: unknown, length: number, isItem: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length === length && value.every(isItem);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
