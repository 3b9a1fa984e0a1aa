import { readdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Ontologies that come with the package, each under the name of its file without `.yaml`. */
const FOLDER = fileURLToPath(new URL('../../../ontologies', import.meta.url));
const ENDING = '.yaml';

/** The names of the ontologies that come with the package, sorted. */
export function listShippedOntologies(): string[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(ENDING));
  return files.map((file) => file.slice(0, -ENDING.length)).sort();
}

/** Whether a file is an ontology that comes with the package. @param path - Absolute. */
export function isShippedFile(path: string): boolean {
  return dirname(path) === resolve(FOLDER);
}

/**
 * Finds the file of an ontology: a path, or the name of one that comes with the package. A file of that name in the
 * folder takes precedence.
 *
 * @param folder - That paths are relative to; absolute.
 */
export function locateOntology(reference: string, folder: string): string {
  const path = resolve(folder, reference);
  if (!listShippedOntologies().includes(reference)) return path;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined || stats.isDirectory() ? resolve(FOLDER, `${reference}${ENDING}`) : path;
}
