import { describeValue, problemsError } from '../config/problems.js';
import type { PreannotateError } from '../core/errors.js';

/** What a call is given beside settings. */
interface OfCall {
  readonly signal?: AbortSignal | undefined;
}

/** Options of a call by what they are; the others are settings, which the schema checks. */
const KINDS: Readonly<Record<string, { readonly what: string; readonly matches: (value: unknown) => boolean }>> = {
  signal: { what: 'an AbortSignal', matches: (value) => value instanceof AbortSignal },
  reviewed: { what: 'true or false', matches: (value) => typeof value === 'boolean' },
  onNote: { what: 'a function', matches: (value) => typeof value === 'function' },
  onProgress: { what: 'a function', matches: (value) => typeof value === 'function' },
  onDownload: { what: 'a function', matches: (value) => typeof value === 'function' },
};

/**
 * The options of a call, which programs in JavaScript may get wrong.
 *
 * @throws PreannotateError CONFIG_INVALID where they are no object, or one of the call's own is of another type; the
 *   signal's reason
 */
export function readCallOptions<Options extends OfCall>(options: Options, example: string): Options {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || Array.isArray(given) || ArrayBuffer.isView(given)) {
    throw wrongError('The options', given, { what: 'an object', advice: `For example ${example}.` });
  }
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
    if (kind === undefined) assertUsable(name, value);
    else if (value !== undefined && !kind.matches(value)) throw wrongError(name, value, kind);
  }
  options.signal?.throwIfAborted();
  return options;
}

/** @returns The path. @throws PreannotateError CONFIG_INVALID for anything else */
export function readPath(name: string, path: unknown, example: string): string {
  if (typeof path !== 'string' || path === '') {
    throw wrongError(name, path, { what: 'the path of a folder', advice: `For example ${example}.` });
  }
  assertUsable(name, path);
  return path;
}

/** @returns The paths. @throws PreannotateError CONFIG_INVALID for anything else */
export function readPaths(paths: unknown): string[] {
  const inputs: unknown[] = Array.isArray(paths) ? paths : [paths];
  const what = 'a folder, a file, a glob or an address, as text';
  const advice = "For example paths: 'photos', or paths: ['photos', 'scans/*.png'].";
  if (inputs.length === 0) throw wrongError('paths', paths, { what: `${what}, or a list of them`, advice });
  return inputs.map((path, i) => {
    const name = Array.isArray(paths) ? `paths[${i}]` : 'paths';
    const wanted = { what: Array.isArray(paths) ? what : `${what}, or a list of them`, advice };
    if (typeof path !== 'string' || path === '') throw wrongError(name, path, wanted);
    return path;
  });
}

/** Lists in lists, of which no option has more than two. */
const MAX_DEPTH = 10;

/** What no option may be, and libraries report in their own words. */
function assertUsable(name: string, value: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw tooDeepError(name);
  if (Array.isArray(value)) value.forEach((item, i) => assertUsable(`${name}[${i}]`, item, depth + 1));
  else if (value instanceof Promise) throw wrongError(name, value, { what: 'a value', advice: 'Await it first.' });
  else if (typeof value === 'function') throw wrongError(name, value, { what: 'a value' });
  else if (typeof value === 'string' && value.includes('\0')) throw nullCharacterError(name);
}

/** What a value should have been. */
interface Wanted {
  readonly what: string;
  readonly advice?: string;
}

function wrongError(name: string, value: unknown, { what, advice }: Wanted): PreannotateError {
  const actual = Array.isArray(value) && value.length === 0 ? 'an empty list' : describeValue(value);
  const message = `${name} must be ${what}, not ${actual}.`;
  return problemsError('CONFIG_INVALID', [{ message, ...(advice === undefined ? {} : { advice }) }]);
}

function tooDeepError(name: string): PreannotateError {
  const [option] = name.split('[', 1);
  const advice = 'Does it contain itself?';
  return problemsError('CONFIG_INVALID', [
    { message: `${option} has lists in lists, more than ${MAX_DEPTH} deep.`, advice },
  ]);
}

function nullCharacterError(name: string): PreannotateError {
  return problemsError('CONFIG_INVALID', [{ message: `${name} has a null character, which no path may have.` }]);
}
