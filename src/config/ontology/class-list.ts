import { parseYaml, type YamlFile, type YamlOptions } from '../yaml.js';

/** A line that is a name and no YAML: it begins with a letter or a digit, and has no colon. */
const NAME = /^[\p{L}\p{N}][^:]*$/u;

/**
 * Reads the text of an ontology: YAML, or class names alone, one a line, as in the classes.txt of many tools. Of
 * names, empty lines and those that begin with # are left out; their value is a mapping with `classes`.
 *
 * @throws PreannotateError for what {@link parseYaml} refuses.
 */
export function parseOntologyText(text: string, options: YamlOptions): YamlFile {
  const lines = text.split(/\r?\n/).map((line, index) => ({ name: line.trimEnd(), number: index + 1 }));
  const entries = lines.filter(({ name }) => name !== '' && !name.startsWith('#'));
  if (entries.length === 0 || !entries.every(({ name }) => NAME.test(name))) return parseYaml(text, options);
  return {
    name: options.name,
    value: { classes: entries.map(({ name }) => name) },
    where: ([, index]) => `${options.name}:${entries[Number(index ?? 0)]?.number ?? 1}:1`,
    spelled: ([, index]) => entries[Number(index)]?.name,
  };
}
