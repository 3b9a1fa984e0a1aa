import { expect } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { parseYaml } from '../../../src/config/yaml.js';
import { PreannotateError } from '../../../src/core/errors.js';

/** Loads YAML text as the ontology of a config file would be, so that messages begin with "yard.yaml". */
export async function load(text: string) {
  const { name, value, where } = parseYaml(text, { name: 'yard.yaml', code: 'ONTOLOGY_INVALID' });
  return loadOntology({ mapping: value, file: name, where });
}

export async function failureOf(loading: Promise<unknown>): Promise<PreannotateError> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PreannotateError);
  expect((error as PreannotateError).code).toBe('ONTOLOGY_INVALID');
  return error as PreannotateError;
}
