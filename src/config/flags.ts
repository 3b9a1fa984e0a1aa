import { z } from 'zod';
import { choicesOf, type Choices } from './choices.js';
import { metaOf, type OptionGroup } from './options/meta.js';

/** A flag as the command line shows it. */
export interface Flag {
  readonly key: string; // in schema, config file and environment: score_threshold
  readonly name: string; // without dashes: score-threshold
  readonly short?: string; // one letter
  readonly placeholder?: string; // of its value; none for a switch
  readonly optionalValue: boolean; // the value may be left out: --preview, --preview 20
  readonly repeatable: boolean; // each further one adds to the value
  readonly negation?: string; // description of --no-<name>, where there is one
  readonly description: string; // ends with the default
  readonly group: OptionGroup;
  readonly basic: boolean; // one of the few that matter first
  readonly choices?: Choices; // where the words that it takes are known
}

/** `score_threshold` becomes `--score-threshold` and PREANNOTATE_SCORE_THRESHOLD; the description is the help. */
export function flagsOf(schema: z.ZodObject): Flag[] {
  return optionsOf(schema).map(([key, option]) => {
    const { flag = { group: 'other' }, description = '' } = metaOf(option);
    const {
      group,
      basic = false,
      name = key.replaceAll('_', '-'),
      optionalValue = false,
      repeatable = false,
      short,
      placeholder,
      negation,
    } = flag;
    const choices = choicesOf(option);
    return {
      key,
      name,
      ...(short === undefined ? {} : { short }),
      ...(placeholder === undefined ? {} : { placeholder }),
      optionalValue,
      repeatable,
      ...(negation === undefined ? {} : { negation }),
      description: description + defaultOf(option),
      group,
      basic,
      ...(choices === undefined ? {} : { choices }),
    };
  });
}

/** Keys and schemas of the options. */
export function optionsOf(schema: z.ZodObject): [key: string, option: z.core.$ZodType][] {
  return Object.entries<z.core.$ZodType>(schema.shape);
}

export function variableOf(key: string): string {
  return `PREANNOTATE_${key.toUpperCase()}`;
}

/** The environment variables that set an option; the first one that is set counts. */
export function listVariables(key: string, option: z.core.$ZodType): string[] {
  const { variable } = metaOf(option);
  return [...listNames(key, option).map(variableOf), ...(variable === undefined ? [] : [variable])];
}

export type Camel<Key> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key;

/** A key as the code has it: `scoreThreshold` for `score_threshold`. */
export function camelOf<Key extends string>(key: Key): Camel<Key> {
  return key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) as Camel<Key>;
}

/** The keys under which an option can be set. */
export function listNames(key: string, option: z.core.$ZodType): string[] {
  const { alias } = metaOf(option);
  return alias === undefined ? [key] : [key, alias];
}

/** A default worth telling: what is off, empty or chosen later goes without saying. */
function defaultOf(option: z.core.$ZodType): string {
  if (!(option instanceof z.ZodDefault || option instanceof z.ZodPrefault)) return '';
  const value: unknown = option.def.defaultValue;
  const shown = metaOf(option).flag?.shownDefault;
  if (typeof value === 'boolean' || (Array.isArray(value) && value.length === 0)) return '';
  return ` (default: ${shown ?? String(value)})`; // a list is told as a flag takes it, with commas
}
