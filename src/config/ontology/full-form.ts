import type { z } from 'zod';
import type { DraftExample, OntologyDraft, Written } from './draft.js';
import { FullOntology, type ExampleEntry } from './schema.js';
import { expandTemplate } from './template-lists.js';
import { validate, type MappingSource } from './validate.js';
import type { YamlPath } from '../yaml.js';

/**
 * Reads an ontology in full form: with `classes`, whose items are names or mappings.
 *
 * @throws PreannotateError ONTOLOGY_INVALID naming every item of a wrong kind and every unknown key.
 */
export function parseFullForm(mapping: unknown, source: MappingSource): OntologyDraft {
  const { where } = source;
  const { templates, classes, ignore, ...rest } = validate(FullOntology, mapping, source);
  const written = (texts: readonly string[], path: YamlPath) =>
    texts.map((text, i): Written => ({ text, where: () => where([...path, i]) }));
  const illustrated = ({ image, box }: z.output<typeof ExampleEntry>, path: YamlPath): DraftExample => ({
    image,
    ...(box === undefined ? {} : { box }),
    where: (part) => where(part === undefined ? path : [...path, part]),
  });
  return {
    ...rest,
    templates: written(templates, ['templates']).flatMap(({ text, where }) =>
      expandTemplate(text).map((template) => ({ text: template, where })),
    ),
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
    notes: [],
    where: () => where([]),
  };
}
