import { stringify } from 'yaml';
import { z } from 'zod';
import type { OntologyClass } from '../core/ontology.js';
import { ClassEntry, FullOntology } from './ontology/schema.js';
import { optionsOf } from './flags.js';
import { AnyConfig } from './schema.js';
import { metaOf } from './options/meta.js';

const WIDTH = 100; // of comments

const CONFIG_INTRODUCTION =
  'Settings for every preannotate command that is started in this folder. A flag (--score-threshold 0.4) or a ' +
  'variable (PREANNOTATE_SCORE_THRESHOLD=0.4) takes precedence over this file. Settings after a # are at their ' +
  'defaults: remove the # to change one. Paths are relative to this file.';

const ONTOLOGY_INTRODUCTION =
  'What to find: classes, and the prompts or images that find them. Use it as: preannotate run photos --ontology ' +
  'ontology.yaml, or name it in preannotate.yaml. A key after a # has its default or an example: remove the # to ' +
  'use it.';

/** Files beside the ontologies that ship with the package, which tell editors what a YAML file may hold. */
export type SchemaName = 'config.schema.json' | 'ontology.schema.json';

type Option = readonly [key: string, schema: z.core.$ZodType];

/** What a starter begins with. */
export interface Starter {
  readonly model: string;
  readonly classes: readonly OntologyClass[];
  readonly locateSchema: (name: SchemaName) => string; // path or URL
}

/**
 * A config file with the settings that are most often set, and every other one as a comment with its default. What it
 * explains comes from the schema, so that it is never about another version.
 *
 * @param ontologyFile - Name of the ontology beside it.
 */
export function starterConfig({ model, locateSchema }: Starter, ontologyFile: string): string {
  const chosen: Readonly<Record<string, unknown>> = { model, ontology: ontologyFile };
  const options = optionsOf(AnyConfig).filter(([, option]) => metaOf(option).flag?.only !== true);
  const parts = sortChosenFirst(options, chosen).map((option) => formatSetting(option, { value: chosen[option[0]] }));
  return `# yaml-language-server: $schema=${locateSchema('config.schema.json')}
${formatComment(CONFIG_INTRODUCTION)}

${parts.join('\n')}`;
}

/** An ontology with some classes, and everything else that it can hold as comments. */
export function starterOntology({ classes, locateSchema }: Starter): string {
  const whole = new Map(optionsOf(FullOntology));
  const inComment = (key: string) => formatSetting([key, whole.get(key)!], {});
  return `# yaml-language-server: $schema=${locateSchema('ontology.schema.json')}
${formatComment(ONTOLOGY_INTRODUCTION)}

${['templates', 'canonical', 'threshold'].map(inComment).join('\n')}
${formatComment(descriptionOf(whole.get('classes')!))}
classes:
${classes.map((entry, i) => (i === 0 ? formatClassWithComments(entry) : formatClass(entry))).join('\n')}
${inComment('ignore')}`;
}

/** The first class shows everything that a class can have. */
function formatClassWithComments({ name, prompts }: OntologyClass): string {
  const chosen: Readonly<Record<string, unknown>> = { name, prompts };
  return sortChosenFirst(optionsOf(ClassEntry), chosen)
    .map((option, i) => formatSetting(option, { value: chosen[option[0]], margin: '    ', dash: i === 0 }))
    .join('');
}

function sortChosenFirst(options: readonly Option[], chosen: Readonly<Record<string, unknown>>): Option[] {
  return [...options.filter(([key]) => key in chosen), ...options.filter(([key]) => !(key in chosen))];
}

function formatClass({ name, prompts }: OntologyClass): string {
  return `  - name: ${formatInline(name)}\n    prompts: ${formatInline(prompts)}\n`;
}

/**
 * A key with its explanation above it: as a comment that shows its default or, where it has none, an example.
 *
 * @param shown - `value`, where the key is set; `dash`: it is the first of a list's item.
 */
function formatSetting(
  [key, option]: Option,
  { value, margin = '', dash = false }: { value?: unknown; margin?: string; dash?: boolean },
): string {
  const lead = dash ? `${margin.slice(2)}- ` : margin;
  const text = formatComment(descriptionOf(option), dash ? margin.slice(2) : margin);
  if (value !== undefined) return `${text}\n${lead}${key}: ${formatInline(value)}\n`;
  const { shown, note } = sampleOf(option);
  return `${text}\n${margin}# ${key}: ${formatInline(shown)}${note}\n`;
}

/** @throws Error for an option that has neither default nor example. */
function sampleOf(option: z.core.$ZodType): { shown: unknown; note: string } {
  const { examples } = metaOf(option);
  if (Array.isArray(examples)) return { shown: examples[0], note: ' # an example' };
  if (option instanceof z.ZodDefault || option instanceof z.ZodPrefault) {
    return { shown: option.def.defaultValue, note: '' };
  }
  throw new Error(
    'an option without default needs .meta({ examples: [...] }) to be shown in a starter. This is a bug.',
  );
}

function descriptionOf(option: z.core.$ZodType): string {
  const { description = '', alias } = metaOf(option);
  return alias === undefined ? description : `${description}. Also spelled ${alias}`;
}

/** Text as comment lines of a limited width. */
function formatComment(text: string, margin = ''): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && margin.length + 3 + line.length + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${margin}# ${line}`).join('\n');
}

/** A value as YAML on one line. */
function formatInline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}
