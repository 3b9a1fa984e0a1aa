import type { z } from 'zod';
import type { Xyxy } from '../../core/box.js';
import { excerpt } from '../../core/text.js';
import { ClassEntry, ExampleEntry, FullOntology, ShortOntology } from './schema.js';
import { describeIssues, problemsError, formatPath } from '../problems.js';
import type { YamlFile, YamlPath } from '../yaml.js';

/** A text, and where it was written. */
export interface Written {
  readonly text: string;
  readonly where: () => string;
}

/** An example as it was written; its file has not been read. */
export interface DraftExample {
  readonly image: string;
  readonly box?: Xyxy;
  readonly where: (part?: 'box') => string;
}

export interface DraftClass {
  readonly name: Written;
  readonly id?: number;
  readonly prompts: readonly Written[];
  readonly examples: readonly DraftExample[];
  readonly threshold?: number;
  readonly where: (part: 'id' | 'prompts') => string;
}

/** An ontology as its source states it: well-formed, but possibly contradictory. */
export interface OntologyDraft {
  readonly templates: readonly Written[];
  readonly threshold?: number;
  readonly classes: readonly DraftClass[];
  readonly ignore: readonly Written[];
  readonly ignoreExamples: readonly DraftExample[];
  readonly where: () => string; // of the whole
}

/** Finds where the item at a path was written, as {@link YamlFile.where} does. */
export type Where = YamlFile['where'];

/** Those of the classes, in order, then those that are ignored. */
export function examplesOf({ classes, ignoreExamples }: OntologyDraft): DraftExample[] {
  return [...classes.flatMap(({ examples }) => examples), ...ignoreExamples];
}

/**
 * Reads an ontology's mapping, in either form.
 *
 * @throws PreannotateError ONTOLOGY_INVALID naming every item of a wrong kind and every unknown key.
 */
export function parseOntologyMapping(mapping: unknown, where: Where): OntologyDraft {
  return isFullForm(mapping) ? parseFullForm(mapping, where) : parseShortForm(mapping, where);
}

/** Parses --class flags: `bottle=a bottle,glass bottle`, or `bottle` for the prompt "bottle". */
export function parseClassFlags(flags: readonly string[]): OntologyDraft {
  const classes = flags.map((flag): DraftClass => {
    const where = () => `--class "${excerpt(flag)}"`;
    const written = (text: string): Written => ({ text, where });
    const [name, prompts] = split(flag);
    return { name: written(name), prompts: prompts.map(written), examples: [], where };
  });
  return { templates: [], classes, ignore: [], ignoreExamples: [], where: () => '--class' };
}

function split(flag: string): [name: string, prompts: string[]] {
  const equals = flag.indexOf('=');
  if (equals === -1) return [flag.trim(), [flag.trim()]];
  const prompts = flag.slice(equals + 1).trim();
  return [flag.slice(0, equals).trim(), prompts === '' ? [] : prompts.split(',').map((prompt) => prompt.trim())];
}

/**
 * `classes` makes the full form. Without it, other signs of that form do, so that a misspelt `classes` is called that.
 */
function isFullForm(mapping: unknown): boolean {
  if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping)) return false;
  if (Object.hasOwn(mapping, 'classes')) return true;
  const holdsMappings = (value: unknown) => Array.isArray(value) && value.some((item) => typeof item === 'object');
  return Object.entries(mapping).some(
    ([key, value]) => holdsMappings(value) || (Object.hasOwn(FullOntology.shape, key) && typeof value !== 'string'),
  );
}

function parseFullForm(mapping: unknown, where: Where): OntologyDraft {
  const { templates, classes, ignore, ...rest } = validate(FullOntology, mapping, where);
  const written = (texts: readonly string[], path: YamlPath) =>
    texts.map((text, i): Written => ({ text, where: () => where([...path, i]) }));
  const illustrated = ({ image, box }: z.output<typeof ExampleEntry>, path: YamlPath): DraftExample => ({
    image,
    ...(box === undefined ? {} : { box }),
    where: (part) => where(part === undefined ? path : [...path, part]),
  });
  return {
    ...rest,
    templates: written(templates, ['templates']),
    classes: classes.map((entry, i) => ({
      ...entry,
      name: { text: entry.name, where: () => where(['classes', i, 'name']) },
      prompts: written(entry.prompts ?? [], ['classes', i, 'prompts']),
      examples: (entry.examples ?? []).map((example, j) => illustrated(example, ['classes', i, 'examples', j])),
      where: (part) => where(['classes', i, part]),
    })),
    ignore: ignore.flatMap((item, i) =>
      typeof item === 'string' ? [{ text: item, where: () => where(['ignore', i]) }] : [],
    ),
    ignoreExamples: ignore.flatMap((item, i) => (typeof item === 'string' ? [] : [illustrated(item, ['ignore', i])])),
    where: () => where([]),
  };
}

/** Prompts of one class are gathered; classes come in the order in which they first appear. */
function parseShortForm(mapping: unknown, where: Where): OntologyDraft {
  requireNoExamples(mapping, where);
  const classes = new Map<string, DraftClass & { prompts: Written[] }>();
  for (const [prompt, name] of Object.entries(validate(ShortOntology, mapping, where))) {
    const entry = classes.get(name) ?? {
      name: { text: name, where: () => where([prompt]) },
      prompts: [],
      examples: [],
      where: () => where([prompt], 'key'),
    };
    entry.prompts.push({ text: prompt, where: () => where([prompt], 'key') });
    classes.set(name, entry);
  }
  return { templates: [], classes: [...classes.values()], ignore: [], ignoreExamples: [], where: () => where([]) };
}

/** In short form `examples` can only be a prompt, which a list cannot be. */
function requireNoExamples(mapping: unknown, where: Where): void {
  const examples = typeof mapping === 'object' && mapping !== null && 'examples' in mapping ? mapping.examples : '';
  if (typeof examples === 'string') return;
  const message = `${where(['examples'], 'key')}: an ontology in short form cannot have examples.`;
  const advice = 'Use the full form: classes: [{name: bottle, examples: [bottle.png]}].';
  throw problemsError('ONTOLOGY_INVALID', [{ message, advice }]);
}

/** What a mapping may hold, by how deep it lies: the whole, a class, an example of a class. */
const SHAPES: Readonly<Record<number, z.ZodObject>> = { 0: FullOntology, 2: ClassEntry };

function validate<Schema extends z.ZodType>(schema: Schema, mapping: unknown, where: Where): z.output<Schema> {
  const result = schema.safeParse(mapping, { reportInput: true });
  if (result.success) return result.data;
  const problems = describeIssues(result.error, {
    subject: (path) => `${where(path)}: ${path.length === 0 ? 'the ontology' : formatPath(path)}`,
    whereKey: (path) => where(path, 'key'),
    knownKeys: (path) => Object.keys((SHAPES[path.length] ?? ExampleEntry).shape),
  });
  throw problemsError('ONTOLOGY_INVALID', problems);
}
