import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { AnyOntology } from '../src/config/ontology/schema.js';
import { FileConfig } from '../src/config/schema.js';

/** Where editors find the schemas, beside the ontologies that ship with the package. */
export const SCHEMA_FOLDER = resolve(import.meta.dirname, '../ontologies');

const SCHEMAS = {
  'ontology.schema.json': { title: 'preannotate ontology', schema: AnyOntology },
  'config.schema.json': { title: 'preannotate.yaml', schema: FileConfig },
};

/** The JSON Schema files by name, as they should be on disk. */
export async function schemaFiles(): Promise<Map<string, string>> {
  const entries = Object.entries(SCHEMAS).map(async ([name, { title, schema }]) => {
    const path = join(SCHEMA_FOLDER, name);
    const text = JSON.stringify({ title, ...jsonSchemaOf(schema) });
    return [name, await format(text, { ...(await resolveConfig(path)), parser: 'json' })] as const;
  });
  return new Map(await Promise.all(entries));
}

/** What a user may write, with what an editor shows of it, and without what only flags need. */
function jsonSchemaOf(schema: z.ZodType): object {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7', // what yaml-language-server reads best
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodDefault || zodSchema instanceof z.ZodPrefault) {
        jsonSchema.default = zodSchema.def.defaultValue; // zod drops it where text is read first
      }
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples; // these too
      for (const key of ['flag', 'alias', 'path', 'variable', 'request']) Reflect.deleteProperty(jsonSchema, key);
    },
  });
}

if (process.argv[1] === import.meta.filename) {
  for (const [name, text] of await schemaFiles()) await writeFile(join(SCHEMA_FOLDER, name), text);
}
