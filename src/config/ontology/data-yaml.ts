import { excerpt } from '../../core/text.js';
import type { DraftClass, OntologyDraft } from './draft.js';
import { DataYaml } from './schema.js';
import { validate, type MappingSource } from './validate.js';
import { problemsError } from '../problems.js';

/** Keys of a data.yaml that say nothing about classes, and of the metadata.yaml beside an exported model. */
const OTHER_KEYS = new Set(
  (
    'path train val test minival nc names download yaml_file channels kpt_shape kpt_names flip_idx roboflow ' +
    'description author date version license docs stride task batch imgsz args end2end'
  ).split(' '),
);

/** True of the data.yaml of a YOLO data set: `names` is a list, or a mapping from the class number to the name. */
export function isDataYaml(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || !('names' in value) || 'classes' in value) return false;
  if (typeof value.names !== 'object' || value.names === null) return false;
  // In lists of prompts by class, there may be a class called "names".
  const others = Object.entries(value).filter(([key]) => key !== 'names');
  return !Array.isArray(value.names) || others.length === 0 || others.some(([key]) => OTHER_KEYS.has(key));
}

/**
 * Reads the classes of a data.yaml: each name is its own prompt, and has its number plus one as id, because COCO's
 * begin at 1.
 *
 * @throws PreannotateError ONTOLOGY_INVALID where `names` holds what is not text, numbers are missing, or `nc` differs.
 */
export function parseDataYaml(mapping: Readonly<Record<string, unknown>>, source: MappingSource): OntologyDraft {
  const { where } = source;
  const { names, nc } = Array.isArray(mapping['names'])
    ? validate(DataYaml.list, mapping, source)
    : validate(DataYaml.byNumber, mapping, source);
  const keys = Object.keys(names)
    .map(Number)
    .sort((a, b) => a - b);
  const gap = keys.findIndex((key, i) => key !== i);
  const count =
    nc !== undefined && nc !== keys.length ? `${where(['nc'])}: nc is ${nc}, but names has ${keys.length}.` : '';
  const missing =
    gap === -1 ? '' : `${where(['names'], 'key')}: names has no class ${gap}; numbers go from 0 without gaps.`;
  const problems = [missing, count].filter((message) => message !== '').map((message) => ({ message }));
  if (problems.length > 0) throw problemsError('ONTOLOGY_INVALID', problems);
  const classes = Object.entries(names).map(([key, text]): DraftClass => {
    const written = { text, where: () => where(['names', Array.isArray(names) ? Number(key) : key]) };
    return { name: written, id: Number(key) + 1, prompts: [written], examples: [], where: written.where };
  });
  const ignored = Object.keys(mapping).filter((key) => !OTHER_KEYS.has(key));
  return {
    templates: [],
    canonical: true,
    classes,
    ignore: [],
    ignoreExamples: [],
    notes: ignored.map(
      (key) =>
        `${where([key], 'key')}: "${excerpt(key)}" is ignored: a file with "names" is read as a data.yaml of YOLO.`,
    ),
    where: () => where([]),
  };
}
