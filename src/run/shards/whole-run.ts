import { PreannotateError } from '../../core/errors.js';
import { readManifest, type StoredManifest } from '../manifest.js';
import { readClasses, type KnownClasses } from '../numbers/classes.js';
import { readImageList, type ImageList } from '../numbers/image-list.js';
import { readSources, type SourceList } from '../plan/sources.js';
import { describeSides } from '../compare/difference.js';
import { findJobDifferences } from '../compare/same-job.js';
import { EntryTable, type JournalEntries } from '../entries/entry-table.js';
import { readHeader, readJournal, type JournalContents } from '../read-journal.js';
import type { NewResult } from './join-parts.js';
import { nameOf, type Part, type PartProblem } from './read-part.js';

/** What the output folder has that parts are merged into: nothing yet, an earlier merge, or a run of its own. */
export interface WholeRun {
  readonly journal: JournalContents | undefined; // undefined where it has no image
  readonly list: ImageList;
  readonly sources: SourceList;
  readonly classes: KnownClasses;
  readonly manifest: StoredManifest | undefined; // undefined when run.json cannot be used
}

/** @throws PreannotateError JOURNAL_DAMAGED when its journal or classes.json is damaged. */
export async function readWholeRun(outDir: string): Promise<WholeRun> {
  const journal = await readJournal(outDir);
  return {
    journal: journal?.entries.size === 0 ? undefined : journal,
    list: await readImageList(outDir),
    sources: await readSources(outDir),
    classes: await readClasses(outDir, await readHeader(outDir)),
    manifest: await readUsableManifest(outDir),
  };
}

async function readUsableManifest(outDir: string): Promise<StoredManifest | undefined> {
  try {
    return await readManifest(outDir);
  } catch (error) {
    if (error instanceof PreannotateError) return undefined; // damaged: a new one is written
    throw error;
  }
}

/** Why parts cannot be added to what an output folder has; undefined where they can. */
export function findOtherJob({ journal }: WholeRun, { folder, header }: Part): PartProblem | undefined {
  const difference = journal && findJobDifferences(journal.header, header)[0];
  if (difference === undefined) return undefined;
  const [before, later] = [nameOf(journal!.path), nameOf(folder)];
  return {
    message: `${before} is of another run than ${later}: ${describeSides(difference, { before, later })}.`,
    advice: 'Name another output folder with -o.',
  };
}

/** Where the result of each image is once parts are added. */
export function entriesAfter({ journal }: WholeRun, results: readonly NewResult[]): JournalEntries {
  const entries = new EntryTable(journal?.entries);
  for (const { name, entry } of results) entries.set(name, entry);
  return entries;
}
