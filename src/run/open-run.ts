import { join } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { buildOntology, type Ontology } from '../core/ontology.js';
import { printable } from '../core/text.js';
import { ImageIds } from './image-ids.js';
import { JOURNAL_FILE, readJournal, type JournalContents } from './journal.js';
import { readManifest, type RunManifest } from './manifest.js';

/** A run, opened for reading. */
export interface OpenedRun {
  readonly manifest: RunManifest;
  readonly journal: JournalContents;
  readonly ontology: Ontology; // its classes have the numbers that the files of the run use
  readonly imageIds: ImageIds;
}

/**
 * Opens an output folder for reading: everything that works on the results of a run starts here.
 *
 * @throws PreannotateError INPUT_NOT_FOUND when the folder holds no run, JOURNAL_DAMAGED when a file of it is damaged.
 */
export async function openRun(outDir: string): Promise<OpenedRun> {
  const manifest = await readManifest(outDir);
  const journal = await readJournal(outDir);
  if (journal === undefined) throw noJournalError(join(outDir, JOURNAL_FILE));
  return { manifest, journal, ontology: buildOntology(manifest.ontology), imageIds: await ImageIds.read(outDir) };
}

function noJournalError(path: string): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(path)} does not exist, or is empty.`,
    hint: 'Give the output folder of a `preannotate run` that has annotated something.',
  });
}
