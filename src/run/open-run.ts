import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { buildOntology, type Ontology, type OntologySpec } from '../core/ontology.js';
import { printable } from '../core/text.js';
import { displayPath } from '../disk/display-path.js';
import { findNearestPath } from '../disk/nearest.js';
import { describeDifferences } from './compare/difference.js';
import { findOntologyDifferences } from './compare/ontology-difference.js';
import type { JournalHeader, RunScope } from './header.js';
import { ImageIds } from './numbers/image-ids.js';
import { readImageList } from './numbers/image-list.js';
import { readClasses, type KnownClasses } from './numbers/classes.js';
import { assertSourcesKnown, countSources, readSources, type Sources } from './plan/sources.js';
import { readManifest, type RunManifest, type StoredManifest } from './manifest.js';
import { listPartFolders } from './shards/find-parts.js';
import { JOURNAL_FILE, readJournal, tornNote, type JournalContents } from './read-journal.js';

/** A run, opened for reading. */
export interface OpenedRun {
  readonly scope: RunScope;
  readonly journal: JournalContents;
  readonly ontology: Ontology; // its classes have the numbers that the files of the run use
  readonly imageIds: ImageIds;
  readonly sources: Sources; // images whose files are gone or have changed, which the views leave out
  readonly classes: KnownClasses;
  readonly manifest: RunManifest | undefined; // undefined when run.json cannot be used
  readonly notes: readonly string[]; // what was damaged, and what was used instead
}

/** Changes which boxes of a run are shown. */
export type ShowRun = (run: OpenedRun) => OpenedRun;

/**
 * Opens an output folder for reading: everything that works on the results of a run starts here. The journal is enough:
 * what run.json and the list of images add is taken from it where they are missing or damaged. The caller holds the
 * folder's lock: a run with the status 'running' was killed.
 *
 * @throws PreannotateError INPUT_NOT_FOUND when the folder holds no run, JOURNAL_DAMAGED when a file of it is damaged.
 */
export async function openRun(outDir: string): Promise<OpenedRun> {
  await assertHoldsRun(outDir);
  const journal = await readJournal(outDir);
  if (journal === undefined) throw noJournalError(join(outDir, JOURNAL_FILE));
  const { header } = journal;
  const { manifest, notes } = await readUsableManifest(outDir, header);
  const scope = manifest === undefined ? header.run! : { ...manifest, found: manifest.counts.found };
  const classes = await readClasses(outDir, header);
  const list = await readSources(outDir);
  const { gone = 0, outdated = 0 } = manifest?.counts ?? {};
  assertSourcesKnown(list, gone + outdated);
  const imageIds = ImageIds.from({
    list: await readImageList(outDir, (name) => journal.entries.own(name)),
    journal,
    found: [],
    isPublished: classes.isPublished,
    wasFinished: manifest?.status === 'done',
    restarts: false,
  });
  return {
    scope,
    journal,
    ontology: buildOntology(manifest?.ontology ?? header.ontology),
    imageIds,
    sources: list.sources,
    classes,
    manifest,
    notes: [
      ...notes,
      ...classes.notes,
      ...imageIds.notes,
      ...(journal.torn ? [tornNote(journal.path)] : []),
      ...goneNote(list.sources),
    ],
  };
}

function goneNote(sources: Sources): string[] {
  const gone = countSources(sources, 'gone');
  if (gone === 0) return [];
  return gone === 1
    ? ['1 annotated image is left out, because the last run did not find it.']
    : [`${gone} annotated images are left out, because the last run did not find them.`];
}

/** @throws PreannotateError INPUT_NOT_FOUND when there is no such folder, or it holds no run. */
export async function assertHoldsRun(outDir: string): Promise<void> {
  const path = join(outDir, JOURNAL_FILE);
  if (await exists(path)) return;
  const folder = await stat(outDir).catch(() => undefined);
  if (folder === undefined) throw await noFolderError(outDir);
  if (!folder.isDirectory()) throw noRunError(outDir, 'it is not a folder');
  if ((await listPartFolders(outDir)).length > 0) throw unmergedError(outDir);
  throw noRunError(outDir, `${JOURNAL_FILE} is not in it`);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * run.json, if it belongs to the journal.
 *
 * @returns Without it, why, where the journal's header replaces it.
 * @throws PreannotateError JOURNAL_DAMAGED, INPUT_NOT_FOUND where it does not.
 */
async function readUsableManifest(
  outDir: string,
  header: JournalHeader,
): Promise<{ manifest: StoredManifest | undefined; notes: string[] }> {
  try {
    const manifest = await readManifest(outDir);
    assertUsable(manifest, header, join(outDir, 'run.json'));
    return { manifest, notes: [] };
  } catch (error) {
    if (header.run === undefined || !(error instanceof PreannotateError)) throw error;
    const note = `${error.message} Thresholds and formats are those that the run was started with, from the journal.`;
    return { manifest: undefined, notes: [note] };
  }
}

function assertUsable(
  manifest: StoredManifest | undefined,
  { run, created, ontology }: JournalHeader,
  path: string,
): asserts manifest is StoredManifest {
  if (manifest === undefined) throw noManifestError(path);
  const isUnchecked = run !== undefined && !manifest.isChecked; // both were written by a version that writes checksums
  const other = created === manifest.created ? describeOther(ontology, manifest.ontology) : 'It is of another run.';
  if (isUnchecked) throw otherManifestError(path, 'has no checksum: it was changed after it was written.');
  if (other !== undefined) throw otherManifestError(path, `does not belong to the journal. ${other}`);
}

function describeOther(before: OntologySpec, now: OntologySpec): string | undefined {
  const differences = findOntologyDifferences(before, now);
  return differences.length === 0 ? undefined : describeDifferences(differences);
}

function otherManifestError(path: string, what: string): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)} ${printable(what)}`,
    hint: 'Restore the file from a copy, or run the same `preannotate run` again: it writes a new one.',
  });
}

function noManifestError(path: string): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(path)} does not exist.`,
    hint: 'Run the same `preannotate run` again: it writes a new one, which the journal of version 0.1 cannot replace.',
  });
}

function noJournalError(path: string): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(path)} does not exist, or is empty.`,
    hint: 'Give the output folder of a `preannotate run` that has annotated something.',
  });
}

async function noFolderError(outDir: string): Promise<PreannotateError> {
  const shown = displayPath(outDir);
  const meant = await findNearestPath(shown);
  const isRun = meant !== undefined && (await exists(join(meant, JOURNAL_FILE)));
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `There is no folder ${printable(shown)}.`,
    hint: isRun ? `Did you mean ${printable(meant)}?` : 'Give the output folder of a `preannotate run`.',
  });
}

function unmergedError(outDir: string): PreannotateError {
  const shown = printable(displayPath(outDir));
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${shown} holds the parts of a run in shards/, which are not merged yet.`,
    hint: `\`preannotate merge ${shown}\` joins them and writes the annotation files.`,
  });
}

function noRunError(outDir: string, reason: string): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(displayPath(outDir))} is not the output folder of a run: ${reason}.`,
    hint: 'Give the folder that `preannotate run` has written its results to (--out, by default annotations).',
  });
}
