import { isDataYaml, parseDataYaml } from './data-yaml.js';
import type { OntologyDraft } from './draft.js';
import { parseFullForm } from './full-form.js';
import { FullOntology } from './schema.js';
import { parseShortForm } from './short-form.js';
import type { MappingSource } from './validate.js';

/**
 * Reads an ontology in any of its forms: in full, in short form with either the prompt or the class first, or as the
 * data.yaml of a YOLO data set.
 *
 * @throws PreannotateError ONTOLOGY_INVALID naming every item of a wrong kind and every unknown key.
 */
export function parseOntology(value: unknown, source: MappingSource): OntologyDraft {
  if (isFullForm(value)) return parseFullForm(value, source);
  return isDataYaml(value) ? parseDataYaml(value, source) : parseShortForm(value, source);
}

/**
 * `classes` makes the full form. Without it, other signs of that form do, so that a misspelt `classes` is called that.
 */
function isFullForm(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (Object.hasOwn(value, 'classes')) return true;
  if (isDataYaml(value)) return false;
  const isMapping = (item: unknown) => typeof item === 'object' && item !== null && !Array.isArray(item);
  const holdsMappings = (item: unknown) => Array.isArray(item) && item.some(isMapping);
  return Object.entries(value).some(
    ([key, item]) => holdsMappings(item) || (Object.hasOwn(FullOntology.shape, key) && typeof item !== 'string'),
  );
}
