import { z } from 'zod';

/** What options declare beyond JSON Schema. */
const OWN_KEYS = ['flag', 'alias', 'path', 'variable', 'request', 'alternatives', 'suggested'];

/** What stays beside the alternatives where a value may also be text. */
const ANNOTATIONS = ['title', 'description', 'default', 'examples'];

type Json = Record<string, unknown>;

/**
 * JSON Schema of what may be written.
 *
 * @param target - Dialect.
 * @param alternatives - Whether what stands for another type (`score_threshold: '0.2'`, `classes: bottle`) is a part.
 */
export function toInputSchema(
  schema: z.ZodType,
  { target, alternatives }: { target: 'draft-7' | 'draft-2020-12'; alternatives: boolean },
): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target,
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodDefault || zodSchema instanceof z.ZodPrefault) {
        jsonSchema.default = zodSchema.def.defaultValue; // zod drops it where text is read first
      }
      const { examples, alternatives: others = [] } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples; // these too
      if (target === 'draft-7') Reflect.deleteProperty(jsonSchema, 'format'); // editors have patterns
      for (const key of OWN_KEYS) Reflect.deleteProperty(jsonSchema, key);
      if (zodSchema instanceof z.ZodTuple) jsonSchema.minItems = jsonSchema.maxItems = zodSchema.def.items.length;
      if (alternatives && others.length > 0) addAlternatives(jsonSchema, others);
    },
  }) as Json;
  return rest;
}

function addAlternatives(schema: Json, alternatives: readonly Json[]): void {
  const own = Object.fromEntries(Object.entries(schema).filter(([key]) => !ANNOTATIONS.includes(key)));
  for (const key of Object.keys(own)) Reflect.deleteProperty(schema, key);
  schema['anyOf'] = [own, ...alternatives];
}
