import { parseOntologyText } from '../class-list.js';
import type { OntologyDraft } from '../draft.js';
import { parseOntology } from '../parse.js';
import { foldName } from './text-edits.js';

/** A class as a text states it, to be compared. */
export interface PlainClass {
  readonly name: string;
  readonly id?: number | undefined;
  readonly prompts: readonly string[];
  readonly examples: readonly object[];
  readonly threshold?: number | undefined;
}

/**
 * @param name - Of the file, for messages.
 * @throws PreannotateError ONTOLOGY_INVALID
 */
export function readDraft(text: string, name: string): OntologyDraft {
  const file = parseOntologyText(text, { name, code: 'ONTOLOGY_INVALID' });
  return parseOntology(file.value, file);
}

export function classesOf({ classes }: OntologyDraft): PlainClass[] {
  return classes.map(({ name, id, prompts, examples, threshold }) => ({
    ...{ name: foldName(name.text), id, threshold },
    prompts: prompts.map(({ text }) => text),
    examples: examples.map(({ image, box }) => ({ image, box })),
  }));
}

export function areSameClasses(one: readonly PlainClass[], other: readonly PlainClass[]): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** Fields in one order. */
function sorted(classes: readonly PlainClass[]): unknown[] {
  return classes.map(({ name, id, prompts, examples, threshold }) => [name, id, prompts, examples, threshold]);
}
