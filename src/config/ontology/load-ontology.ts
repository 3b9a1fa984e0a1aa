import { dirname } from 'node:path';
import { foldSpace } from '../../core/prompts/canonical-prompt.js';
import {
  labelOf,
  type Example,
  type OntologyClass,
  type OntologyPlaces,
  type OntologySpec,
} from '../../core/ontology.js';
import { displayPath } from '../../disk/display-path.js';
import { checkDraft } from './checks.js';
import { describeSameWordings } from './same-prompts.js';
import { parseOntologyText } from './class-list.js';
import { describeClasses } from './describe.js';
import { parseClassFlags, examplesOf, type DraftClass, type DraftExample, type OntologyDraft } from './draft.js';
import { readExamples } from './examples.js';
import { parseOntology } from './parse.js';
import { listShippedOntologies } from './shipped.js';
import type { MappingSource } from './validate.js';
import { problemsError } from '../problems.js';
import { readText } from '../yaml.js';

/** Where an ontology comes from. */
export type OntologySource =
  | { readonly file: string }
  | {
      readonly mapping: unknown;
      readonly file: string; // its name in messages
      readonly where?: MappingSource['where'];
      readonly spelled?: MappingSource['spelled'];
      readonly folder?: string; // that paths of examples are relative to; without one there may be none
    }
  | { readonly classes: readonly string[] }; // --class flags

export interface LoadedOntology {
  readonly spec: OntologySpec;
  readonly places: OntologyPlaces; // for errors found later, by the tokenizer or the decoder
  readonly folder: string; // that paths of examples are relative to
  readonly notes: readonly string[]; // the classes found, and what was probably meant otherwise
}

/**
 * Reads an ontology and checks that it does not contradict itself. White space in prompts is folded, as the tokenizer
 * does. Classes without an id get, in order, the smallest numbers from 1 that are not taken.
 *
 * @throws PreannotateError ONTOLOGY_INVALID with a line for each problem, naming file, line and column. Images of
 *   examples are read here, to know them by their content, and decoded later.
 */
export async function loadOntology(source: OntologySource): Promise<LoadedOntology> {
  const draft = await readDraft(source);
  const problems = checkDraft(draft);
  if (problems.length > 0) throw problemsError('ONTOLOGY_INVALID', problems);
  const folder = folderOf(source);
  const examples = await readExamples(draft, folder);
  const spec = toSpec(draft, examples);
  return {
    spec,
    places: toPlaces(draft),
    folder: folder ?? '',
    notes: [describeClasses(spec), ...draft.notes, ...describeSameWordings(draft)],
  };
}

function toPlaces(draft: OntologyDraft): OntologyPlaces {
  const byLabel = Object.fromEntries([
    ...promptsOf(draft).map(({ text, where }) => [foldSpace(text), where()] as const),
    ...examplesOf(draft).map((example) => [labelOf(example), example.where()] as const),
  ]);
  return { whole: draft.where(), byLabel };
}

function folderOf(source: OntologySource): string | undefined {
  if ('classes' in source) return undefined;
  return 'mapping' in source ? source.folder : dirname(source.file);
}

async function readDraft(source: OntologySource): Promise<OntologyDraft> {
  if ('classes' in source) return parseClassFlags(source.classes);
  if ('mapping' in source) {
    const { mapping, file, where = () => file, spelled } = source;
    return parseOntology(mapping, { where, ...(spelled === undefined ? {} : { spelled }) });
  }
  const names = `Ontologies that come with the package: ${listShippedOntologies().join(', ')}.`;
  const options = { name: displayPath(source.file), code: 'ONTOLOGY_INVALID' } as const;
  const text = await readText(source.file, { ...options, missingHint: `Check the path. ${names}` });
  const file = parseOntologyText(text, options);
  return parseOntology(file.value, file);
}

function promptsOf({ classes, ignore }: OntologyDraft) {
  return [...classes.flatMap(({ prompts }) => prompts), ...ignore];
}

type Read = ReadonlyMap<DraftExample, Example>;

function toSpec(
  { templates, canonical, threshold, classes, ignore, ignoreExamples }: OntologyDraft,
  read: Read,
): OntologySpec {
  return {
    templates: templates.map(({ text }) => text),
    canonical,
    ...(threshold === undefined ? {} : { threshold }),
    classes: assignIds(classes, read),
    ignore: ignore.map(({ text }) => foldSpace(text)),
    ...(ignoreExamples.length === 0 ? {} : { ignoreExamples: ignoreExamples.map((example) => read.get(example)!) }),
  };
}

function assignIds(classes: readonly DraftClass[], read: Read): OntologyClass[] {
  const taken = new Set(classes.map(({ id }) => id));
  let next = 1;
  return classes.map(({ name, id, prompts, examples, threshold }) => {
    while (id === undefined && taken.has(next)) next++;
    return {
      name: foldSpace(name.text),
      id: id ?? next++,
      prompts: prompts.map(({ text }) => foldSpace(text)),
      ...(examples.length === 0 ? {} : { examples: examples.map((example) => read.get(example)!) }),
      ...(threshold === undefined ? {} : { threshold }),
    };
  });
}
