import { join } from 'node:path';
import { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import type { OntologyClass } from '../core/ontology.js';
import { replaceFile } from '../disk/atomic.js';
import { readJsonFile } from '../disk/json.js';

const FILE = 'classes.json';

/**
 * Refuses classes that would change a number in classes.json, which has every class that the output folder ever had.
 * Numbers are never changed or reused, because corrections made by people refer to them.
 *
 * @throws PreannotateError RESUME_MISMATCH with the differences.
 */
export async function assertClassesKept(outDir: string, classes: readonly OntologyClass[]): Promise<void> {
  const path = join(outDir, FILE);
  const known = await readNumbers(path);
  const names = new Map(Object.entries(known).map(([name, id]) => [id, name]));
  const differences = classes.flatMap(({ name, id }) => {
    const before = Object.hasOwn(known, name) ? known[name] : undefined;
    if (before !== undefined) return before === id ? [] : [`class "${name}" had id ${before}, now ${id}`];
    const holder = names.get(id);
    return holder === undefined ? [] : [`id ${id} is that of class "${holder}", now of "${name}"`];
  });
  if (differences.length > 0) {
    throw new PreannotateError({
      code: 'RESUME_MISMATCH',
      message: `${path}: the ontology would renumber classes: ${differences.join('; ')}.`,
      hint: 'Set the numbers with `id:` in the ontology, add new classes at its end, or use another --out folder.',
    });
  }
}

/** Adds classes to classes.json, after {@link assertClassesKept}. */
export async function recordClasses(outDir: string, classes: readonly OntologyClass[]): Promise<void> {
  const path = join(outDir, FILE);
  const known = await readNumbers(path);
  const all = { ...known, ...Object.fromEntries(classes.map(({ name, id }) => [name, id])) };
  if (Object.keys(all).length === Object.keys(known).length) return;
  const lines = Object.entries(all).map(([name, id]) => `  ${JSON.stringify(name)}: ${id}`);
  await replaceFile(path, `{\n${lines.join(',\n')}\n}\n`);
}

/** Numbers by class name; none when there is no file yet. */
async function readNumbers(path: string): Promise<Record<string, number>> {
  const numbers = await readJsonFile(path, z.record(z.string(), z.int()), {
    code: 'JOURNAL_DAMAGED',
    hint: 'Restore the file from a copy: it holds the numbers of the classes.',
  });
  return numbers ?? {};
}
