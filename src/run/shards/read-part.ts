import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import type { Decision } from '../../core/review/decision.js';
import type { Shard } from '../choose-images.js';
import type { JournalHeader, PartScope } from '../header.js';
import { OutputLock, type TakeOverRule } from '../lock/output-lock.js';
import { readManifest, type RunManifest } from '../manifest.js';
import { assertSourcesKnown, countShown, countSources, readSources, type Sources } from '../plan/sources.js';
import { readErrors, type PartErrors } from './part-errors.js';
import { readHeader, readJournal, type JournalContents } from '../read-journal.js';
import { readReview } from '../review/read-review.js';

/** Why a folder cannot be merged. */
export interface PartProblem {
  readonly message: string; // names the folder
  readonly advice: string;
}

/** One part of a run, read and found sound. */
export interface Part {
  readonly folder: string; // absolute
  readonly shard: Shard;
  readonly scope: PartScope;
  readonly header: JournalHeader;
  readonly journal: JournalContents;
  readonly manifest: RunManifest;
  readonly sources: Sources;
  readonly errors: PartErrors;
  readonly review: ReadonlyMap<string, Decision>; // by image name
  readonly left: number | undefined; // images that are still to do; undefined: its last run has ended
}

/** A folder whose part cannot be used. */
export interface UnusablePart {
  readonly shard?: Shard | undefined; // as far as it is known
  readonly problem: PartProblem;
}

/**
 * Reads a part, of which every line of the journal is checked. Writes nothing.
 *
 * @returns The part, or why it cannot be used.
 */
export async function readPart(folder: string, takeOver: TakeOverRule): Promise<Part | UnusablePart> {
  const header = await readHeader(folder);
  const shard = header?.run?.choice?.shard;
  try {
    await OutputLock.assertUnused(folder, takeOver);
    const journal = await readJournal(folder);
    if (journal === undefined) return { shard, problem: notBegunProblem(folder) };
    const manifest = await readManifest(folder);
    if (shard === undefined || journal.header.run?.part === undefined) return { problem: wholeRunProblem(folder) };
    const scope = manifest?.part;
    if (scope === undefined || manifest?.created !== journal.header.created)
      return { shard, problem: noManifestProblem(folder, shard) };
    const list = await readSources(folder);
    const { gone = 0, outdated = 0 } = manifest.counts;
    if (manifest.status === 'done') assertSourcesKnown(list, gone + outdated);
    const { sources } = list;
    const done = countShown(journal.entries, sources) - countSources(sources, 'kept');
    const left = manifest.status === 'done' ? undefined : Math.max(0, scope.chosen - done);
    const errors = await readErrors(folder, manifest);
    const review = await readReview(folder);
    return { folder, shard, scope, header: journal.header, journal, manifest, sources, errors, review, left };
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    const { message, hint } = error;
    return { shard, problem: { message: `${nameOf(folder)}: ${message}`, advice: hint } };
  }
}

/** A folder as messages show it. */
export function nameOf(folder: string): string {
  return printable(displayPath(folder));
}

/** `part 2 of 4` */
export function describePart({ index, count }: Shard): string {
  return `part ${index} of ${count}`;
}

/** The command that makes or finishes a part. */
export function commandOf({ index, count }: Shard): string {
  return `Run the same \`preannotate run\` with --shard ${index}/${count}.`;
}

function wholeRunProblem(folder: string): PartProblem {
  return {
    message: `${nameOf(folder)} is a run of its own, not a part that \`preannotate run --shard\` has made.`,
    advice: 'Give the folders of parts, or the output folders that have them in shards/.',
  };
}

function notBegunProblem(folder: string): PartProblem {
  return {
    message: `${nameOf(folder)}: the run was stopped before its first image.`,
    advice: 'Run the same `preannotate run --shard` again.',
  };
}

function noManifestProblem(folder: string, shard: Shard): PartProblem {
  return {
    message: `${nameOf(folder)}: run.json of ${describePart(shard)} is missing or of another run.`,
    advice: `${commandOf(shard)} It writes the file again.`,
  };
}
