import { toAsked } from '../../core/prompts/canonical-prompt.js';
import type { Info, PromptedClass } from './answers.js';

/**
 * Prompts as people edit them, in the order of ontology files, one a line: `a bottle: bottle`; pure. A line may also
 * list the prompts of a class, `bottle: [a bottle, a glass bottle]`, or hold a name alone, which is its own prompt.
 * Texts that would be ambiguous are in double quotes, as in JSON; # begins a comment.
 */

/** The classes of a text of prompts. */
export interface EditedPrompts {
  readonly classes: readonly PromptedClass[];
  readonly lines: readonly (readonly number[])[]; // line of each prompt of each class in the text, from 1
  readonly note?: string; // what was probably meant otherwise
}

/** `ontology` of a request, in full form. */
export interface OntologyField {
  readonly templates: readonly string[];
  readonly canonical: boolean;
  readonly ignore: readonly string[];
  readonly classes: readonly PromptedClass[];
}

const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
const LINE = new RegExp(`^(${QUOTED}(?=\\s*(?::|$))|[^:]*)(:?)(.*)$`);
const LISTED = new RegExp(`\\s*(${QUOTED}(?=\\s*(?:,|$))|[^,]*)\\s*(?:,|$)`, 'g');

/** How descriptions begin, and class names do not; as the loader of ontology files has it. */
const DESCRIPTION = /^(?:an?|the|some|(?:a |the )?(?:photo|picture|image)s? of)\s/i;

export function formatPrompts(classes: readonly PromptedClass[]): string {
  return classes.map(formatClass).join('');
}

function formatClass({ name, prompts }: PromptedClass): string {
  if (prompts.length === 0) return `${quoteIfNeeded(name, /[:"#]/)}: []\n`; // it has examples
  return prompts.map((prompt) => `${quoteIfNeeded(prompt, /[:"#]/)}: ${quoteIfNeeded(name, /^["[]/)}\n`).join('');
}

/** Parses a text; classes that the server knows keep their ids, and no other class gets one of those ids. */
export function parsePrompts(text: string, known: readonly PromptedClass[]): EditedPrompts {
  const idOf = new Map(known.map(({ name, id }) => [name, id]));
  const taken = new Set(idOf.values());
  const found = new Map<string, { name: string; id: number; prompts: string[]; lines: number[] }>();
  let note: string | undefined;
  let next = 1;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const { name, prompts } = parseLine(trimmed);
    while (taken.has(next)) next++;
    const entry = found.get(name) ?? { name, id: idOf.get(name) ?? next++, prompts: [], lines: [] };
    found.set(name, entry);
    entry.prompts.push(...prompts);
    entry.lines.push(...(prompts.length === 0 ? [index + 1] : prompts.map(() => index + 1)));
    note ??= noteReversed(name, prompts[0], index + 1);
  }
  const entries = [...found.values()];
  return {
    classes: entries.map(({ name, id, prompts }) => ({ name, id, prompts })),
    lines: entries.map(({ lines }) => lines),
    ...(note === undefined ? {} : { note }),
  };
}

function noteReversed(name: string, prompt: string | undefined, line: number): string | undefined {
  if (prompt === undefined || !DESCRIPTION.test(name) || DESCRIPTION.test(prompt)) return undefined;
  return `Line ${line} makes a class “${name}”, found by the prompt “${prompt}”: the prompt comes first.`;
}

/**
 * The `ontology` of a request for these classes, with the server's own templates and with its look-alikes to ignore,
 * except those that are now asked for.
 */
export function toOntologyField({ classes }: EditedPrompts, { templates, canonical, ignore }: Info): OntologyField {
  const wanted = new Set(classes.flatMap(({ prompts }) => prompts.map((prompt) => toAsked(prompt, canonical))));
  return { templates, canonical, ignore: ignore.filter((prompt) => !wanted.has(toAsked(prompt, canonical))), classes };
}

function parseLine(line: string): { name: string; prompts: string[] } {
  const [, first = '', colon, rest = ''] = LINE.exec(line) ?? [];
  if (colon === '') return { name: unquote(first), prompts: [unquote(first)] };
  const [, list] = /^\[(.*)\]$/.exec(rest.trim()) ?? [];
  if (list === undefined) return { name: unquote(rest), prompts: [unquote(first)] };
  const prompts = [...list.trim().matchAll(LISTED)].map((match) => unquote(match[1]!));
  return { name: unquote(first), prompts: prompts.filter((prompt) => prompt !== '') };
}

function quoteIfNeeded(text: string, awkward: RegExp): string {
  return awkward.test(text) ? JSON.stringify(text) : text;
}

function unquote(written: string): string {
  const text = written.trim();
  if (!text.startsWith('"')) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text;
  } catch {
    return text; // the quotation mark is part of the text
  }
}
