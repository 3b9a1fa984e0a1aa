import type { Command, Option } from 'commander';
import { PreannotateError } from '../../core/errors.js';

const LONG_DASH = /^[\u2010-\u2015\u2212]+(?=[a-z])/i;

/**
 * Checks what commander accepts without a word: an option that takes the next option for its value, and a long option
 * behind a single hyphen, which it reads as short ones.
 *
 * @param args - Of the command, from its first option on.
 * @throws PreannotateError USAGE
 */
export function checkValues(command: Command, args: readonly string[]): void {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') return;
    if (isSingleHyphen(command, arg)) throw singleHyphenError(arg);
    const option = findOptionBeforeValue(command, arg);
    if (option === undefined) continue;
    const value = args[++i];
    if (value !== undefined && looksLikeOption(value)) throw missingValueError(option, value);
  }
}

/**
 * Checks for options that begin with a dash (–) where two hyphens are meant: they would be taken for arguments.
 *
 * @param args - All of the command line.
 * @throws PreannotateError USAGE
 */
export function checkLongDashes(args: readonly string[]): void {
  for (const [i, arg] of args.entries()) {
    if (arg === '--') return;
    const dashes = LONG_DASH.exec(arg)?.[0];
    const mayBeValue = args[i - 1]?.startsWith('-') ?? false;
    if (dashes !== undefined && !mayBeValue) throw longDashError(arg, dashes);
  }
}

/** @param found - What stands where the value should be: another option; undefined at the end of the command line. */
export function missingValueError({ long, short, flags }: Option, found?: string): PreannotateError {
  const name = (long ?? short)!;
  const hint =
    found === undefined || found === '--'
      ? `Write ${flags.replace(/^-\w, /, '')}.`
      : `It is followed by ${found}. A value that begins with a hyphen is written as ${name}=${found}.`;
  return new PreannotateError({ code: 'USAGE', message: `${name} needs a value.`, hint });
}

/** The option that takes the argument after this one: `--out`, `-o`, or the last of `-qo`. */
function findOptionBeforeValue({ options }: Command, arg: string): Option | undefined {
  if (arg.startsWith('--')) return options.find((option) => option.long === arg && option.required);
  if (!arg.startsWith('-')) return undefined;
  for (let i = 1; i < arg.length; i++) {
    const option = options.find(({ short }) => short === `-${arg[i]!}`);
    if (option === undefined) return undefined;
    if (option.required) return i === arg.length - 1 ? option : undefined; // else the rest is its value
  }
  return undefined;
}

/** A negative number is a value, which the schema rejects in its own words. */
function looksLikeOption(text: string): boolean {
  return /^-./.test(text) && !/^-\.?\d/.test(text);
}

/** `-out`, which would be `--out=ut`. */
function isSingleHyphen({ options }: Command, arg: string): boolean {
  const name = /^-([a-z][\w-]+)/i.exec(arg)?.[1];
  return name !== undefined && options.some(({ long }) => long === `--${name.toLowerCase()}`);
}

function singleHyphenError(arg: string): PreannotateError {
  return new PreannotateError({
    code: 'USAGE',
    message: `Unknown option '${arg}'.`,
    hint: `Did you mean -${arg}? Options with long names begin with two hyphens.`,
  });
}

function longDashError(arg: string, dashes: string): PreannotateError {
  const meant = `--${arg.slice(dashes.length)}`;
  return new PreannotateError({
    code: 'USAGE',
    message: `Unknown option '${arg}': it begins with a dash instead of two hyphens.`,
    hint: `Did you mean ${meant}? Some programs turn two hyphens into a dash when text is copied.`,
  });
}
