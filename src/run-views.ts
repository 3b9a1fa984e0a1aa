import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from './core/errors.js';
import { noteSkippedByTrainers } from './core/skipped-by-trainers.js';
import { ALL_NEGATIVES } from './core/data-set/negatives.js';
import type { PartName } from './core/data-set/split.js';
import { compareUtf8 } from './core/text.js';
import type { Discovery } from './images/listing/discover.js';
import { selectCoveredRemote } from './images/remote/discover-remote.js';
import { isShard, type Job, type RunState } from './job.js';
import type { RunProgress } from './progress/run-progress.js';
import { CountedImages } from './run/images/counted-images.js';
import { recordClasses, withClasses } from './run/numbers/classes.js';
import { StoredImages } from './run/images/stored-images.js';
import { ViewDigests } from './run/images/view-digest.js';
import type { JournalEntries, JournalEntry } from './run/entries/entry-table.js';
import { divideNames, type Sources } from './run/plan/sources.js';
import { hasDecisions, noteLeftOut, readCurrentReview, type CurrentReview } from './run/review/current-review.js';
import { followRenamed } from './run/review/renamed-images.js';
import { divideAndList, type Division } from './run/split/divide.js';
import { createPreviewIndex, LiveIndex } from './gallery/preview-index.js';
import { provenanceOf } from './views/view-inputs.js';
import { writePreviews, writeViews } from './views/write-views.js';
import { LivePreviews } from './workers/previews/live-previews.js';
import type { PreviewFolder } from './workers/previews/preview-folder.js';

/** What views are written with. */
interface OutputUse {
  readonly entries?: JournalEntries; // of the images; by default those of the journal
  readonly sources?: Sources; // what is not as the journal has it; by default as the plan has it
  readonly previews: PreviewFolder;
  readonly progress: Pick<RunProgress, 'note'>;
  readonly signal: AbortSignal;
}

/** Writes the views of a run's journal; those of a shard are only counted. */
export async function writeOutputs(
  job: Job,
  run: RunState,
  { entries = run.journal.entries, sources = run.plan.sources, previews, progress, signal }: OutputUse,
): Promise<void> {
  const { classes, stats } = run;
  if (!isShard(job)) {
    const present = { path: run.journal.path, entries, sources, isGone: findsGone(run.found) };
    (await followRenamed(job.outDir, present)).forEach((note) => progress.note(note));
  }
  const division = isShard(job) ? undefined : await divide(job, run, { entries, sources });
  division?.notes.forEach((note) => progress.note(note));
  const review = await readCurrentReview(job.outDir, { path: run.journal.path, entries });
  if (!isShard(job)) noteLeftOut(review, job.ontology).forEach((note) => progress.note(note));
  const view = describeView(job, run, { entries, sources, division, review, signal });
  if (!isShard(job)) {
    // From here on, people may use the numbers.
    await recordClasses(classes, withClasses(classes, job.ontology.classes));
    stats.missing = await writeViews(view, previews, progress);
  }
  run.viewCounts = await view.images.counts();
  const skipped = noteSkippedByTrainers(run.viewCounts.skipped_by_trainers);
  if (skipped !== undefined) progress.note(skipped);
}

/** Tells of names that the journal does not have whether there is no file, either. */
function findsGone({ root, images, remote, isComplete }: Discovery): (name: string) => Promise<boolean> {
  let names: ReadonlySet<string> | undefined;
  return async (name) => {
    names ??= new Set(images.map((image) => image.name));
    if (names.has(name)) return false;
    if (root === undefined) return isComplete && selectCoveredRemote(remote ?? [], [name]).size > 0;
    return await lstat(join(root, name)).then(
      () => false,
      (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? ''),
    );
  };
}

/**
 * Shows previews while a run annotates, of those images that will have one at its end.
 *
 * @param signal - Stops the run.
 * @returns undefined where no previews are wanted.
 */
export function showPreviews(
  job: Job,
  run: RunState,
  { previews, signal }: { previews: PreviewFolder; signal: AbortSignal },
): LivePreviews | undefined {
  if (job.previews === 0 || isShard(job)) return undefined;
  if (job.restart) return undefined; // it keeps the previews that are there until its end
  const { pending, kept, sources } = run.plan;
  const isKept = new Set(kept); // its file is gone: there is nothing to draw
  const [annotated] = divideNames(run.journal.entries, sources);
  const drawn = annotated.filter((name) => !isKept.has(name));
  const names = [...new Set([...pending.map(({ name }) => name), ...drawn])];
  const shown = new Set(Number.isFinite(job.previews) ? names.sort(compareUtf8).slice(0, job.previews) : names);
  const index = new LiveIndex();
  const update = async (ended: AbortSignal) => {
    const entries = new Map<string, JournalEntry>();
    for (const name of shown) {
      const entry = run.journal.entries.get(name);
      if (entry !== undefined) entries.set(name, entry);
    }
    const review = await readCurrentReview(job.outDir, { path: run.journal.path, entries });
    const view = describeView(job, run, { entries, sources, review, signal: AbortSignal.any([signal, ended]) });
    // What is edited is moved aside at the end of the run, which names it.
    await writePreviews({ ...view, index: index.of(view.index), overwriteEdited: false }, previews);
  };
  return new LivePreviews(update, (name) => shown.has(name));
}

/** The images that views have. */
interface Shown {
  readonly entries: JournalEntries;
  readonly sources: Sources;
  readonly review: CurrentReview | undefined;
}

async function divide(
  job: Job,
  { journal }: RunState,
  { entries, sources }: Omit<Shown, 'review'>,
): Promise<Division | undefined> {
  const { outDir, split: rule, reassign } = job;
  const { path, digest } = journal;
  const lists = entries === journal.entries; // a watch does so at its end
  return await divideAndList({ outDir, path, digest, entries, sources }, { rule, reassign, lists });
}

function describeView(
  job: Job,
  { found, remote, lock, journal, imageIds, examples }: RunState,
  { entries, sources, review, division, signal }: Shown & { division?: Division | undefined; signal: AbortSignal },
) {
  const throwIfStopped = async () => {
    signal.throwIfAborted();
    await lock.assertHeldSinceHeartbeat();
  };
  const urls = new Map(found.images.flatMap(({ name, url }) => (url === undefined ? [] : [[name, url]])));
  const shown = { ...job, review, sources, partOf: division?.partOf, urls, signal };
  const source = { path: journal.path, entries };
  const images = new StoredImages(source, imageIds, shown);
  const previewed = new StoredImages(source, imageIds, { ...shown, negatives: ALL_NEGATIVES, onlyReviewed: false });
  const isWhole = entries === journal.entries;
  const viewed = { ...job, journal, imageIds, sources, review, root: found.root };
  const { path, header, lines } = journal;
  const run = { ontology: job.ontology, imageIds, journal: { path, header, lines, entries } };
  return {
    ...job,
    hasReview: hasDecisions(review),
    digests: isWhole ? new ViewDigests(viewed) : undefined,
    images: new CountedImages(images, job.ontology, () => images.leftOut),
    previewed,
    index: createPreviewIndex({ run, selection: job.selection, review }),
    imagesOf: (part: PartName) => images.ofPart(part),
    listHidden: () => images.listHidden(),
    countLeftOut: () => images.leftOut.negatives,
    division,
    root: found.root,
    remote,
    provenance: provenanceOf(journal.header),
    throwIfStopped,
    limits: job.worker,
    examples: { folder: job.exampleFolder, seen: examples },
    signal,
  };
}
