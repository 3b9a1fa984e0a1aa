import { realpath } from 'node:fs/promises';
import { PreannotateError } from '../../core/errors.js';
import { printable, quoteForShell } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import { readHeader } from '../read-journal.js';
import { holdsJournal, listPartFolders, PARTS } from './find-parts.js';
import { describePart, nameOf } from './read-part.js';

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

/**
 * Refuses to merge into a part, or into a run of its own that is given as one.
 *
 * @param folders - Of the parts.
 * @throws PreannotateError USAGE
 */
export async function assertNoPart(outDir: string, folders: readonly string[]): Promise<void> {
  const run = (await readHeader(outDir))?.run;
  const isGiven = async () => {
    const given = await Promise.all(folders.map((folder) => realpath(folder)));
    return given.includes(await realpath(outDir).catch(() => outDir)); // it may not exist yet
  };
  if (run?.part !== undefined && run.choice?.shard !== undefined) {
    throw new PreannotateError({
      code: 'USAGE',
      message: `${nameOf(outDir)} is ${describePart(run.choice.shard)}: the whole run cannot be written into it.`,
      hint: 'Give the folder above, which has the parts in shards/, or name that of the whole run with -o.',
    });
  }
  if (!(await isGiven())) return;
  const command = `preannotate export ${printable(quoteForShell(displayPath(outDir)))}`;
  throw new PreannotateError({
    code: 'USAGE',
    message: `${nameOf(outDir)} is a whole run: it has no parts in shards/, so there is nothing to merge in it.`,
    hint:
      `Its annotation files are written again by \`${command}\`. ` +
      'To merge, give the folders of parts, or the output folders that have them in shards/.',
  });
}
