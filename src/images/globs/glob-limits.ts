import { createContext, runInContext } from 'node:vm';
import micromatch from 'micromatch';
import { messageOf, PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';

const MAX_CHARS = 4096; // as many as a path may have on Linux
const MAX_EXPANSIONS = 1000; // patterns that one with braces stands for; as many as micromatch allows for {1..1000}
const SHOWN_CHARS = 100;
const MATCHING_MS = 5000;

/**
 * Up to three wildcards, a name of 255 characters is matched within milliseconds at worst. From there on, the time may
 * grow by a factor of the name's length with each.
 */
const FAST_WILDCARDS = 3;

/** A range such as {1..20}, {a..z} or {1..20..2}. */
const RANGE = /\{([^{},]*?)\.\.([^{},]*?)\}/g;

/**
 * Refuses a glob whose alternatives in braces are too many to be written out, as fast-glob does.
 *
 * @throws PreannotateError USAGE naming the glob.
 */
export function assertExpandable(glob: string): void {
  if (glob.length > MAX_CHARS) throw globError(glob, `has more than ${MAX_CHARS} characters`);
  if (boundExpansions(glob) > MAX_EXPANSIONS) {
    throw globError(glob, `stands for more than ${MAX_EXPANSIONS} patterns because of its braces`);
  }
  try {
    expandBraces(glob);
  } catch (error) {
    throw globError(glob, `cannot be parsed: ${printable(messageOf(error))}`, error); // such as `{({a(`
  }
}

/** Whether {@link assertExpandable} accepts a glob. */
export function isExpandable(glob: string): boolean {
  try {
    assertExpandable(glob);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param patterns - Without braces.
 * @param options.dot - Whether wildcards match names that begin with a dot.
 * @returns An expression that matches what any of them does.
 */
export function makeExpression(patterns: readonly string[], { flags = '', dot = true } = {}): RegExp {
  const sources = patterns.map((pattern) => micromatch.makeRe(pattern, { dot }).source);
  return new RegExp(sources.join('|'), `s${flags}`); // names of folders may have line breaks, which ** matches
}

export function expandBraces(glob: string): string[] {
  return micromatch.braces(glob, { expand: true, nodupes: true, keepEscaping: true });
}

/**
 * At least as many patterns as the braces of a glob stand for, whatever their order and nesting: n separators, spread
 * evenly over the braces, give the most.
 */
function boundExpansions(glob: string): number {
  const braces = glob.split('{').length - 1;
  if (braces === 0) return 1;
  const ranges = [...glob.matchAll(RANGE)].map(([, from = '', to = '']) => boundRange(from, to));
  const lists = Math.max(1, braces - ranges.length);
  const separators = glob.split(',').length - 1;
  return ranges.reduce((product, size) => product * size, (separators / lists + 1) ** lists);
}

function boundRange(from: string, to: string): number {
  const end = to.split('..')[0]!; // what follows is the step
  const isNumeric = from !== '' && end !== '' && !Number.isNaN(Number(from)) && !Number.isNaN(Number(end));
  if (isNumeric) return Math.abs(Number(from) - Number(end)) + 1;
  return Math.abs((from.codePointAt(0) ?? 0) - (end.codePointAt(0) ?? 0)) + 1;
}

/** Whether matching a glob might take very long for some names: {@link assertMatchable} finds out. */
export function isCostly(glob: string): boolean {
  const wildcards = glob.match(/\*+|\(/g)?.length ?? 0;
  return wildcards > FAST_WILDCARDS || /\([^)]*[*+?(]|\)[*+?{]|\)\)/.test(glob) || /(?:\?\([^)]*\)){4}/.test(glob);
}

/**
 * Refuses costly globs that need more than seconds for the names that they will be matched with. Globs become regular
 * expressions, which may try every way to divide a name; only the `vm` module can stop one.
 *
 * @param globs - Each of them expandable.
 * @throws PreannotateError USAGE naming the globs.
 */
export function assertMatchable(globs: readonly string[], names: readonly string[], limitMs = MATCHING_MS): void {
  const costly = globs.filter(isCostly);
  if (costly.length === 0) return;
  const expressions = costly.map((glob) => makeExpression(expandBraces(glob)));
  const context = createContext({ expressions, names });
  try {
    runInContext('for (const expression of expressions) for (const name of names) expression.test(name)', context, {
      timeout: limitMs,
    });
  } catch (error) {
    // It is an error of the other context: no instance of our Error.
    if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const reason = `needs more than ${limitMs / 1000} s to be matched with ${names.length} names`;
    throw globError(costly.join(' '), reason, error);
  }
}

function globError(glob: string, problem: string, cause?: unknown): PreannotateError {
  const shown = glob.length > SHOWN_CHARS ? `${glob.slice(0, SHOWN_CHARS)}…` : glob;
  const failure = {
    code: 'USAGE',
    message: `The glob ${printable(shown)} ${problem}.`,
    hint: 'Write it with fewer alternatives and wildcards, or several shorter globs.',
  } as const;
  return new PreannotateError(failure, cause);
}
