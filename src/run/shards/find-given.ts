import { PreannotateError } from '../../core/errors.js';
import { holdsJournal, listPartFolders, PARTS } from './find-parts.js';
import { nameOf } from './read-part.js';

/**
 * The folders of parts among those that a user gives: parts themselves, or output folders with parts in `shards/`.
 *
 * @param folders - Absolute.
 * @throws PreannotateError INPUT_NOT_FOUND naming the first that has neither.
 */
export async function findGivenParts(folders: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const parts = await listPartFolders(folder);
    if (parts.length > 0) found.push(...parts);
    else if (await holdsJournal(folder)) found.push(folder);
    else throw noPartsError(folder);
  }
  return [...new Set(found)];
}

function noPartsError(folder: string): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${nameOf(folder)} holds no part of a run: there is no journal in it, nor in folders below ${PARTS}/.`,
    hint: 'Give the --out folder of `preannotate run --shard`, or the folders of its parts.',
  });
}
