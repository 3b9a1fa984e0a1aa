import { camelOf, flagsOf, type Flag } from '../config/flags.js';
import { optionNamesOf } from '../config/program-options.js';
import { DetectorConfig, ExportConfig, RunConfig } from '../config/schema.js';
import { PreannotateError } from '../core/errors.js';
import { changeAround, listTexts } from './own-words.js';
import type { ImageFailure } from './run-types.js';

/** An option of a call, as messages for the command line name it. */
interface KnownOption {
  readonly name: string; // scoreThreshold
  readonly isSwitch: boolean;
  readonly words: readonly string[]; // that it takes as values
}

/** Options of commands that are about their output, or do nothing: programs do not have them. */
export const OUTPUT_OPTIONS: readonly string[] = [
  ...['json', 'quiet', 'verbose', 'progress', 'logFormat', 'summary', 'junit', 'dryRun', 'resume'],
];

const SCHEMAS = [ExportConfig, DetectorConfig, RunConfig];

/** Options that programs have, by their flags without dashes. */
const BY_FLAG = new Map(
  SCHEMAS.flatMap((schema) => flagsOf(schema))
    .map((flag) => [flag.name, toKnown(flag)] as const)
    .filter(([, { name }]) => !OUTPUT_OPTIONS.includes(name)),
);

/** The same by their keys in config files, where these differ from the names. */
const BY_KEY = new Map(
  SCHEMAS.flatMap((schema) => [...optionNamesOf(schema)]).flatMap(([name, key]) => {
    return key.includes('_') ? [[key, name] as const] : [];
  }),
);

function toKnown({ name, placeholder, optionalValue, choices }: Flag): KnownOption {
  return {
    name: camelOf(name.replaceAll('-', '_')),
    isSwitch: placeholder === undefined && !optionalValue,
    words: choices?.words ?? [],
  };
}

/** What of the command line has no counterpart that follows from the options, and what programs have instead. */
const SENTENCES: readonly [text: string, instead: string][] = [
  ['--help explains what each setting takes.', 'fixtures/docs/program.md and the types say what each option takes.'],
  ['Run with --verbose for more, and check', 'The `detail` of the error has more. Check'],
  ['`--dry-run` lists what they leave.', 'Check their patterns.'],
  [', or set ontology in preannotate.yaml.', '.'],
];

/** A call in place of a command. */
const PHRASES: readonly [pattern: RegExp, instead: string][] = [
  [/\bon the command line\b/g, 'in the call'],
  [/\b(?:Run|Give|Start) (?:the|this) (?:same )?command\b/g, 'Make the same call'],
  [/\b(?:run|give|start) (?:the|this) (?:same )?command\b/g, 'make the same call'],
  [/\bthis command was started\b/g, 'this call was made'],
  [/\b(the|this|same|The) command\b/g, '$1 call'],
  [/, or h,w in a flag\)/g, ')'],
];

/** A command that is for a terminal, up to the end of its line. */
const TERMINAL = /(\bpreannotate worker [^\n]*)/;

/** A command of which a program has the call, with its flags, in code: `preannotate export <out-dir> --images none`. */
const COMMAND = /`(?:preannotate )?(run|export)((?: [^`]*)?)`/g;
const CALLS: Readonly<Record<string, string>> = { run: 'annotate', export: 'run.export' };

/** A flag, and what follows it if that may be its value. */
const FLAG = /(?<![\w-])--(no-)?([a-z][a-z0-9-]*)(?:[ =](?!--)("[^"]*"|'[^']*'|<[^>]*>|[^\s`]*[^\s`.,;:)]))?/g;

/**
 * A text for people at the command line, in the words of a program: `allowPrivate: true` for --allow-private.
 *
 * @param given - What the call was given: its texts stay as they are
 */
export function toProgramWords(text: string, given?: unknown): string {
  const own = listTexts(given).filter((each) => text.includes(each) && translateAll(each) !== each);
  return changeAround(text, own, translateAll);
}

function translateAll(text: string): string {
  const parts = text.split(TERMINAL); // every second one is such a command
  return parts.map((part, i) => (i % 2 === 1 ? part : translate(part))).join('');
}

function translate(text: string): string {
  const phrased = SENTENCES.reduce((all, [sentence, instead]) => all.replaceAll(sentence, instead), text);
  const called = phrased
    .replaceAll(/\ba (`preannotate run)/g, 'an $1')
    .replaceAll(COMMAND, (_, command: string, given: string) => toCall(CALLS[command]!, given));
  const named = replaceKeys(replaceFlags(called));
  return PHRASES.reduce((all, [pattern, instead]) => all.replaceAll(pattern, instead), named);
}

/** `run.export({ imagesRoot: '<folder>' })` */
function toCall(name: string, given: string): string {
  const flags = given.indexOf('--');
  return flags === -1 ? `\`${name}()\`` : `\`${name}({ ${replaceFlags(given.slice(flags))} })\``;
}

function replaceFlags(text: string): string {
  const replaced = text.replaceAll(FLAG, (flag: string, ...found: unknown[]) => {
    const [no, name, value = '', at] = found as [string | undefined, string, string | undefined, number];
    const option = BY_FLAG.get(name);
    if (option === undefined) return flag; // of another program
    const follows = text.slice(at + flag.length);
    if (no === undefined && isLikeValue(value, follows, option)) return `${option.name}: ${toLiteral(value)}`;
    const after = flag.slice(flag.indexOf(name) + name.length); // may begin with another flag
    return nameSetting(option, no !== undefined, text.slice(0, at)) + replaceFlags(after);
  });
  return replaced.replaceAll(/(: (?:'[^']*'|true|false|[\d.]+)) (?=[a-zA-Z]+: )/g, '$1, ');
}

/** Whether a word after a flag is its value, and does not go on with the sentence. */
function isLikeValue(word: string, follows: string, { isSwitch, words }: KnownOption): boolean {
  if (isSwitch || word === '') return false;
  if (follows.startsWith(' --')) return !/^(with|and|or|than)$/.test(word);
  return words.includes(word) || /^["'<]|[\d:=/%.…]/.test(word);
}

function toLiteral(value: string): string {
  if (/^\d+(\.\d+)?$/.test(value)) return value;
  return `'${/^(["']).*\1$/.test(value) ? value.slice(1, -1) : value}'`;
}

/** @param before - The sentence up to the flag. */
function nameSetting({ name, isSwitch }: KnownOption, isNegated: boolean, before: string): string {
  if (!isSwitch || (!isNegated && /\b(leave out|omit|without|no) $/i.test(before))) return name;
  return `${name}: ${!isNegated}`;
}

/** Keys of a config file at a place in it are as they are there. */
const KEY = new RegExp(`(?<![\\w./"'-]|\\d: )(${[...BY_KEY.keys()].join('|')})(?![\\w/"'=]|\\.\\w)`, 'g');

function replaceKeys(text: string): string {
  return text.replaceAll(KEY, (key) => BY_KEY.get(key)!);
}

/** An error with its message and hint in the words of a program; anything else as it is. */
export function toProgramError(error: unknown, given?: unknown): unknown {
  if (!(error instanceof PreannotateError)) return error;
  const message = toProgramWords(error.message, given);
  const translated = new PreannotateError(
    { ...error.toFailure(), message, hint: toProgramWords(error.hint, given) },
    error.cause,
  );
  translated.stack = error.stack?.replace(error.message, () => message) ?? '';
  return translated;
}

/** What failed of a run, in the words of a program. */
export function toProgramFailure(failure: ImageFailure): ImageFailure {
  const { image, message, hint } = failure;
  return {
    ...failure,
    message: toProgramWords(message, image),
    ...(hint === undefined ? {} : { hint: toProgramWords(hint, image) }),
  };
}

/**
 * Does what a call asks for.
 *
 * @param given - What the call was given
 * @throws PreannotateError in the words of a program
 */
export async function inProgramWords<Result>(given: unknown, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toProgramError(error, given);
  }
}
