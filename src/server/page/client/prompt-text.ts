import type { Info, PromptedClass } from './answers.js';

/**
 * Classes as people edit them, one a line: `bottle: a bottle, a glass bottle`; pure. A name or a prompt with commas,
 * colons or quotation marks that would be ambiguous is in double quotes, as in JSON. A name alone is its own prompt;
 * # begins a comment.
 */

/** The classes of a text of prompts. */
export interface EditedPrompts {
  readonly classes: readonly PromptedClass[];
  readonly lines: readonly number[]; // line of each class in the text, from 1
}

/** `ontology` of a request, in full form. */
export interface OntologyField {
  readonly templates: readonly string[];
  readonly ignore: readonly string[];
  readonly classes: readonly PromptedClass[];
}

const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
const LINE = new RegExp(`^(${QUOTED}(?=\\s*(?::|$))|[^:]*)(:?)(.*)$`);
const PROMPT = new RegExp(`\\s*(${QUOTED}(?=\\s*(?:,|$))|[^,]*)\\s*(?:,|$)`, 'g');

export function formatPrompts(classes: readonly PromptedClass[]): string {
  return classes
    .map(
      ({ name, prompts }) =>
        `${quoteIfNeeded(name, /[:"#]/)}: ${prompts.map((one) => quoteIfNeeded(one, /[,"]/)).join(', ')}\n`,
    )
    .join('');
}

/** Parses a text; classes that the server knows keep their ids, and no other class gets one of those ids. */
export function parsePrompts(text: string, known: readonly PromptedClass[]): EditedPrompts {
  const idOf = new Map(known.map(({ name, id }) => [name, id]));
  const taken = new Set(idOf.values());
  const classes: PromptedClass[] = [];
  const lines: number[] = [];
  let next = 1;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const { name, prompts } = parseLine(trimmed);
    while (taken.has(next)) next++;
    classes.push({ name, id: idOf.get(name) ?? next++, prompts });
    lines.push(index + 1);
  }
  return { classes, lines };
}

/** The `ontology` of a request for these classes, with the server's own templates and look-alikes to ignore. */
export function toOntologyField({ classes }: EditedPrompts, { templates, ignore }: Info): OntologyField {
  const wanted = new Set(classes.flatMap(({ prompts }) => prompts));
  return { templates, ignore: ignore.filter((prompt) => !wanted.has(prompt)), classes };
}

function parseLine(line: string): { name: string; prompts: string[] } {
  const [, name = '', colon, rest = ''] = LINE.exec(line) ?? [];
  if (colon === '') return { name: unquote(name), prompts: [unquote(name)] };
  const prompts = [...rest.trim().matchAll(PROMPT)].map((match) => unquote(match[1]!));
  return { name: unquote(name), prompts: prompts.filter((prompt) => prompt !== '') };
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
