import { join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import type { OntologyClass } from '../../core/ontology.js';
import { printable } from '../../core/text.js';
import { replaceFile } from '../../disk/atomic.js';
import { readJsonFile } from '../../disk/json.js';
import { NotAFile } from '../../disk/regular-file.js';
import { ClassIds, type JournalHeader } from '../header.js';

const FILE = 'classes.json';
const SHOWN = 3; // differences in a message

/** The number of every class that the output folder ever had. */
export interface KnownClasses {
  readonly path: string; // of classes.json
  readonly ids: ClassIds;
  readonly written: ClassIds | undefined; // what classes.json has; undefined when it cannot be used
  readonly isPublished: boolean; // views were written, and people may use the numbers
  readonly notes: readonly string[];
}

/**
 * Reads classes.json. One that is missing or damaged is rebuilt from the journal's header, which has a copy.
 *
 * @param header - Undefined when there is no journal, or its header cannot be read.
 * @throws PreannotateError JOURNAL_DAMAGED when the file contradicts the header, or is damaged and there is no copy.
 */
export async function readClasses(outDir: string, header: JournalHeader | undefined): Promise<KnownClasses> {
  const path = join(outDir, FILE);
  const copy = header?.run?.classes;
  let written: ClassIds | undefined;
  try {
    written = await readJsonFile(path, ClassIds, { code: 'JOURNAL_DAMAGED', hint: hintFor(header) });
  } catch (error) {
    if (copy === undefined || !(error instanceof PreannotateError) || error.cause instanceof NotAFile) throw error;
    const notes = [`${error.message} It is written again from the journal, which has a copy.`];
    return { path, ids: copy, written: undefined, isPublished: true, notes };
  }
  const differences = findDifferences(written ?? {}, Object.entries(copy ?? {}));
  if (differences.length > 0) throw changedFileError(path, differences);
  return { path, ids: { ...written, ...copy }, written, isPublished: written !== undefined, notes: [] };
}

/**
 * Refuses classes that would change a number. Numbers are never changed or reused, because corrections made by people
 * refer to them.
 *
 * @throws PreannotateError RESUME_MISMATCH with the differences.
 */
export function assertClassesKept({ path, ids }: KnownClasses, classes: readonly OntologyClass[]): void {
  const differences = findDifferences(
    ids,
    classes.map(({ name, id }) => [name, id]),
  );
  if (differences.length === 0) return;
  throw new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${path}: the ontology would renumber classes: ${shorten(differences)}.`,
    hint: 'Set the numbers with `id:` in the ontology, add new classes at its end, or use another --out folder.',
  });
}

/** The numbers with those of an ontology, after {@link assertClassesKept}. */
export function withClasses({ ids }: KnownClasses, classes: readonly OntologyClass[]): ClassIds {
  return { ...ids, ...Object.fromEntries(classes.map(({ name, id }) => [name, id])) };
}

/** Writes classes.json, unless it has these numbers. */
export async function recordClasses({ path, written }: KnownClasses, ids: ClassIds): Promise<void> {
  const entries = Object.entries(ids);
  if (written !== undefined && Object.keys(written).length === entries.length) return;
  const lines = entries.map(([name, id]) => `  ${JSON.stringify(name)}: ${id}`);
  await replaceFile(path, `{\n${lines.join(',\n')}\n}\n`);
}

function findDifferences(before: ClassIds, now: readonly [name: string, id: number][]): string[] {
  const names = new Map(Object.entries(before).map(([name, id]) => [id, name]));
  return now.flatMap(([name, id]) => {
    const earlier = Object.hasOwn(before, name) ? before[name] : undefined;
    if (earlier !== undefined) return earlier === id ? [] : [`class "${name}" had id ${earlier}, now ${id}`];
    const holder = names.get(id);
    return holder === undefined ? [] : [`id ${id} is that of class "${holder}", now of "${name}"`];
  });
}

function shorten(differences: readonly string[]): string {
  const more = differences.length - SHOWN;
  return `${differences.slice(0, SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function changedFileError(path: string, differences: readonly string[]): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)} differs from its copy in the journal: ${printable(shorten(differences))}.`,
    hint: 'Restore the file from a copy, or delete it: it is written again from the journal.',
  });
}

/** What is known without the file: in a journal of version 0.1, the classes of the ontology, and no earlier ones. */
function hintFor(header: JournalHeader | undefined): string {
  const restore = 'Restore the file from a copy: it holds the numbers of the classes.';
  if (header === undefined) return restore;
  const known = header.ontology.classes.map(({ name, id }) => `${printable(name)} ${id}`).join(', ');
  const otherwise = 'If the folder never had other classes, delete the file: it is written again.';
  return `${restore} The journal has ${known}. ${otherwise}`;
}
