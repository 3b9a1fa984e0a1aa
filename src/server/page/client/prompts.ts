import type { Info, PromptedClass } from './answers.js';

/**
 * Classes as people edit them, one a line: `bottle: a bottle, a glass bottle`; pure. A name or a prompt with commas, colons
 * or quotation marks in the way is in double quotes, as in JSON. A name alone is its own prompt; # begins a comment.
 */

/** What a text of prompts says. */
export interface Prompted {
  readonly classes: readonly PromptedClass[];
  readonly lines: readonly number[]; // where each class is in the text, from 1
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

export function textOfClasses(classes: readonly PromptedClass[]): string {
  return classes
    .map(({ name, prompts }) => `${quoted(name, /[:"#]/)}: ${prompts.map((one) => quoted(one, /[,"]/)).join(', ')}\n`)
    .join('');
}

/** Reads a text; classes that the server knows keep their ids, and no other gets one of those. */
export function classesOfText(text: string, known: readonly PromptedClass[]): Prompted {
  const idOf = new Map(known.map(({ name, id }) => [name, id]));
  const taken = new Set(idOf.values());
  const classes: PromptedClass[] = [];
  const lines: number[] = [];
  let next = 1;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const { name, prompts } = readLine(trimmed);
    while (taken.has(next)) next++;
    classes.push({ name, id: idOf.get(name) ?? next++, prompts });
    lines.push(index + 1);
  }
  return { classes, lines };
}

/** What a request says so that these classes are looked for in the way of the server's own. */
export function ontologyField({ classes }: Prompted, { templates, ignore }: Info): OntologyField {
  const wanted = new Set(classes.flatMap(({ prompts }) => prompts));
  return { templates, ignore: ignore.filter((prompt) => !wanted.has(prompt)), classes };
}

function readLine(line: string): { name: string; prompts: string[] } {
  const [, name = '', colon, rest = ''] = LINE.exec(line) ?? [];
  if (colon === '') return { name: unquoted(name), prompts: [unquoted(name)] };
  const prompts = [...rest.trim().matchAll(PROMPT)].map((match) => unquoted(match[1]!));
  return { name: unquoted(name), prompts: prompts.filter((prompt) => prompt !== '') };
}

function quoted(text: string, awkward: RegExp): string {
  return awkward.test(text) ? JSON.stringify(text) : text;
}

function unquoted(written: string): string {
  const text = written.trim();
  if (!text.startsWith('"')) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text;
  } catch {
    return text; // a quotation mark that is just one
  }
}
