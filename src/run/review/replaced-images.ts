import type { JournalEntries } from '../entries/entry-table.js';
import { compareFiles } from '../plan/file-states.js';
import type { Sources } from '../plan/sources.js';

/** A run, and where its image files are. */
interface AnnotatedFiles {
  readonly root: string | undefined; // absolute; undefined: remote, or not found
  readonly journal: { readonly path: string; readonly entries: JournalEntries };
  readonly sources?: Sources | undefined; // as the last run found them
}

/**
 * Finds images whose files hold other pictures than those that were annotated, by size and time, and by content where
 * only the time differs. A file that is not there was not replaced.
 *
 * @param names - In the journal.
 */
export async function findReplaced(
  names: readonly string[],
  { root, journal, sources = new Map() }: AnnotatedFiles,
): Promise<ReadonlySet<string>> {
  const replaced = new Set<string>();
  if (root === undefined || names.length === 0) return replaced;
  for await (const { name, state } of compareFiles({ root, names, journal, sources }))
    if (state?.state === 'changed') replaced.add(name);
  return replaced;
}
