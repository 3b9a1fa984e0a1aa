import { excerpt } from '../../core/text.js';
import type { DraftClass, OntologyDraft, Written } from './draft.js';
import { findReversed } from './order.js';
import { FullOntology, PromptLists, ShortOntology } from './schema.js';
import { validate, type MappingSource } from './validate.js';
import { findNearest } from '../../disk/nearest.js';
import { problemsError } from '../problems.js';

/** What belongs to a class in the full form; as a list it cannot be a prompt. */
const CLASS_KEYS = ['prompts', 'examples'] as const;

/**
 * Reads an ontology in short form: `prompt: class`, or `class: [prompt, prompt]`. The first is never taken for its
 * reverse; what looks like it is noted.
 *
 * @throws PreannotateError ONTOLOGY_INVALID for what is neither, and for a mapping that has both.
 */
export function parseShortForm(mapping: unknown, source: MappingSource): OntologyDraft {
  requireNoClassKeys(mapping, source);
  const draft = holdsLists(mapping) ? parsePromptLists(mapping, source) : parsePairs(mapping, source);
  return { templates: [], canonical: true, ignore: [], ignoreExamples: [], where: () => source.where([]), ...draft };
}

type Draft = Pick<OntologyDraft, 'classes' | 'notes'>;

/** Prompts of one class are gathered; classes come in the order in which they first appear. */
function parsePairs(mapping: unknown, source: MappingSource): Draft {
  const { where } = source;
  const pairs = Object.entries(validate(ShortOntology, mapping, source));
  const classes = new Map<string, DraftClass & { prompts: Written[] }>();
  for (const [prompt, name] of pairs) {
    const entry = classes.get(name) ?? {
      name: { text: name, where: () => where([prompt]) },
      prompts: [],
      examples: [],
      where: () => where([prompt], 'key'),
    };
    entry.prompts.push({ text: prompt, where: () => where([prompt], 'key') });
    classes.set(name, entry);
  }
  const reversed = findReversed(pairs);
  return {
    classes: [...classes.values()],
    notes: reversed === undefined ? [] : [reversedNote(reversed, where([reversed[0]], 'key'))],
  };
}

function reversedNote([key, value]: readonly [string, string], at: string): string {
  return (
    `${at}: "${excerpt(key)}: ${excerpt(value)}" makes a class "${excerpt(value)}", found by the prompt ` +
    `"${excerpt(key)}": the prompt comes first. If the class is "${excerpt(key)}", write "${excerpt(value)}: ` +
    `${excerpt(key)}" or "${excerpt(key)}: [${excerpt(value)}]".`
  );
}

/** @throws PreannotateError ONTOLOGY_INVALID for a `prompt: class` among them. */
function parsePromptLists(mapping: object, source: MappingSource): Draft {
  const { where } = source;
  requireOneOrder(mapping, source);
  const lists = Object.entries(validate(PromptLists, mapping, source));
  const classes = lists.map(([name, prompts]): DraftClass => ({
    name: { text: name, where: () => where([name], 'key') },
    prompts: prompts.map((text, i) => ({ text, where: () => where([name, i]) })),
    examples: [],
    where: (part) => where([name], part === 'prompts' ? 'value' : 'key'),
  }));
  const keys = Object.keys(FullOntology.shape);
  return {
    classes,
    notes: lists.flatMap(([name]) => misspeltNote(name, findNearest(name, keys), where([name], 'key'))),
  };
}

/** A list below "clases" may well be one of classes. */
function misspeltNote(name: string, key: string | undefined, at: string): string[] {
  if (key === undefined) return [];
  return [`${at}: "${excerpt(name)}" is a class, and the list its prompts. Did you mean the key "${key}"?`];
}

function holdsLists(mapping: unknown): mapping is object {
  return typeof mapping === 'object' && mapping !== null && Object.values(mapping).some(Array.isArray);
}

function requireOneOrder(mapping: object, { where }: MappingSource): void {
  const entries = Object.entries(mapping) as [string, unknown][];
  const [list] = entries.find(([, value]) => Array.isArray(value)) ?? [];
  const pair = entries.find(([, value]) => typeof value === 'string');
  if (list === undefined || pair === undefined) return;
  const [prompt, name] = pair as [string, string];
  const message =
    `${where([list], 'key')}: "${excerpt(list)}" has a list of prompts, so it is a class; but ` +
    `"${excerpt(prompt)}: ${excerpt(name)}" at ${where([prompt], 'key')} has the prompt first.`;
  const advice = 'Use one order in a file: "prompt: class", or "class: [prompt, prompt]".';
  throw problemsError('ONTOLOGY_INVALID', [{ message, advice }]);
}

function requireNoClassKeys(mapping: unknown, { where }: MappingSource): void {
  if (typeof mapping !== 'object' || mapping === null) return;
  for (const key of CLASS_KEYS) {
    if (!Object.hasOwn(mapping, key) || typeof (mapping as Record<string, unknown>)[key] === 'string') continue;
    const message = `${where([key], 'key')}: an ontology in short form cannot have ${key}.`;
    const sample = key === 'examples' ? 'bottle.png' : 'a bottle';
    const advice = `Use the full form: classes: [{name: bottle, ${key}: [${sample}]}].`;
    throw problemsError('ONTOLOGY_INVALID', [{ message, advice }]);
  }
}
