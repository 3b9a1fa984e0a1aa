import type { OntologyClass, OntologySpec } from '../core/ontology.js';
import { foldSpace, problemsOfDraft } from './ontology-checks.js';
import { draftOfFlags, draftOfMapping, type DraftClass, type OntologyDraft, type Where } from './ontology-draft.js';
import { refusal } from './problems.js';
import { readYaml, shownPath } from './yaml.js';

/** Where an ontology comes from. */
export type OntologySource =
  | { readonly file: string }
  | { readonly mapping: unknown; readonly file: string; readonly where?: Where } // `file` as messages call it
  | { readonly classes: readonly string[] }; // what --class flags say

export interface LoadedOntology {
  readonly spec: OntologySpec;
  /** Where a prompt of the spec was written: `file:line:column`, or the flag. For errors found later, by the tokenizer. */
  readonly whereOf: (prompt: string) => string;
}

/**
 * Reads an ontology and makes sure that it says what it means. White space in prompts is folded, as the tokenizer does.
 * Classes without an id get, in order, the smallest numbers from 1 that are not taken.
 *
 * @throws PreannotateError ONTOLOGY_INVALID with a line for each problem, naming file, line and column.
 */
export async function loadOntology(source: OntologySource): Promise<LoadedOntology> {
  const draft = await draftOf(source);
  const problems = problemsOfDraft(draft);
  if (problems.length > 0) throw refusal('ONTOLOGY_INVALID', problems);
  const places = new Map(promptsOf(draft).map((prompt) => [foldSpace(prompt.text), prompt]));
  return { spec: specOfDraft(draft), whereOf: (prompt) => places.get(prompt)?.where() ?? draft.where() };
}

async function draftOf(source: OntologySource): Promise<OntologyDraft> {
  if ('classes' in source) return draftOfFlags(source.classes);
  if ('mapping' in source) return draftOfMapping(source.mapping, source.where ?? (() => source.file));
  const { value, where } = await readYaml(source.file, { name: shownPath(source.file), code: 'ONTOLOGY_INVALID' });
  return draftOfMapping(value, where);
}

function promptsOf({ classes, ignore }: OntologyDraft) {
  return [...classes.flatMap(({ prompts }) => prompts), ...ignore];
}

function specOfDraft({ templates, threshold, classes, ignore }: OntologyDraft): OntologySpec {
  return {
    templates: templates.map(({ text }) => text),
    ...(threshold === undefined ? {} : { threshold }),
    classes: numbered(classes),
    ignore: ignore.map(({ text }) => foldSpace(text)),
  };
}

function numbered(classes: readonly DraftClass[]): OntologyClass[] {
  const taken = new Set(classes.map(({ id }) => id));
  let next = 1;
  return classes.map(({ name, id, prompts, threshold }) => {
    while (id === undefined && taken.has(next)) next++;
    return {
      name: foldSpace(name.text),
      id: id ?? next++,
      prompts: prompts.map(({ text }) => foldSpace(text)),
      ...(threshold === undefined ? {} : { threshold }),
    };
  });
}
