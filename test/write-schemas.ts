import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { toInputSchema } from '../src/config/json-schema.js';
import { AnyOntology } from '../src/config/ontology/schema.js';
import { FileConfig } from '../src/config/schema.js';

/** Where editors find the schemas, beside the ontologies that ship with the package. */
export const SCHEMA_FOLDER = resolve(import.meta.dirname, '../ontologies');

/** Two names of one setting. */
const BOTH_DEVICES = { properties: { device: {}, devices: {} }, required: ['device', 'devices'] };

const SCHEMAS = {
  'ontology.schema.json': { title: 'preannotate ontology', schema: AnyOntology },
  'config.schema.json': { title: 'preannotate.yaml', schema: FileConfig, not: BOTH_DEVICES },
};

/** Names them, and relates them to each other; nothing is fetched from there. */
const BASE = 'https://unpkg.com/preannotate/ontologies/';
const DIALECT = 'http://json-schema.org/draft-07/schema#'; // what yaml-language-server reads best

/** The JSON Schema files by name, as they should be on disk. */
export async function schemaFiles(): Promise<Map<string, string>> {
  const entries = Object.entries(SCHEMAS).map(async ([name, { title, schema, ...more }]) => {
    const path = join(SCHEMA_FOLDER, name);
    const text = JSON.stringify({
      $schema: DIALECT,
      $id: `${BASE}${name}`,
      title,
      ...toInputSchema(schema, { target: 'draft-7', alternatives: true }),
      ...more,
    });
    return [name, await format(text, { ...(await resolveConfig(path)), parser: 'json' })] as const;
  });
  return new Map(await Promise.all(entries));
}

if (process.argv[1] === import.meta.filename) {
  for (const [name, text] of await schemaFiles()) await writeFile(join(SCHEMA_FOLDER, name), text);
}
