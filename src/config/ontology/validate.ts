import type { z } from 'zod';
import { ClassEntry, ExampleEntry, FullOntology } from './schema.js';
import { describeIssues, formatPath, problemsError } from '../problems.js';
import type { YamlFile } from '../yaml.js';

/** Where the items of an ontology's mapping were written. */
export interface MappingSource {
  /** Finds where the item at a path was written, as {@link YamlFile.where} does. */
  readonly where: YamlFile['where'];
  /** The scalar at a path as it was spelled, where that is known. */
  readonly spelled?: YamlFile['spelled'];
}

/** What a mapping may hold, by how deep it lies: the whole, a class, an example of a class. */
const SHAPES: Readonly<Record<number, z.ZodObject>> = { 0: FullOntology, 2: ClassEntry };

/** @throws PreannotateError ONTOLOGY_INVALID naming every item of a wrong kind and every unknown key. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  mapping: unknown,
  { where, spelled }: MappingSource,
): z.output<Schema> {
  const result = schema.safeParse(mapping, { reportInput: true });
  if (result.success) return result.data;
  const problems = describeIssues(result.error, {
    subject: (path) => `${where(path)}: ${path.length === 0 ? 'the ontology' : formatPath(path)}`,
    whereKey: (path) => where(path, 'key'),
    knownKeys: (path) => Object.keys((SHAPES[path.length] ?? ExampleEntry).shape),
    ...(spelled === undefined ? {} : { spelled }),
  });
  throw problemsError('ONTOLOGY_INVALID', problems);
}
