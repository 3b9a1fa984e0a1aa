import type { PartName } from '../core/data-set/split.js';
import { noteSkippedByTrainers } from '../core/skipped-by-trainers.js';
import { createPreviewIndex } from '../gallery/preview-index.js';
import type { FetchSettings } from '../images/remote/fetch-settings.js';
import { openRemoteImages } from '../images/remote/open-remote-images.js';
import type { RemoteImages } from '../images/remote/remote-images.js';
import type { RunProgress } from '../progress/run-progress.js';
import { measureExtent, type Extent } from '../run/extent.js';
import { expectedRoot } from '../run/image-root.js';
import { assertAccepted } from '../run/images/assert-accepted.js';
import { CountedImages, type ViewCounts } from '../run/images/counted-images.js';
import { StoredImages } from '../run/images/stored-images.js';
import { ViewDigests } from '../run/images/view-digest.js';
import { OutputLock, type TakeOverRule } from '../run/lock/output-lock.js';
import type { MissingFiles } from '../run/manifest.js';
import { assertClassesKept, recordClasses, withClasses } from '../run/numbers/classes.js';
import { assertHoldsRun, openRun, type OpenedRun } from '../run/open-run.js';
import { hasDecisions, noteLeftOut, readCurrentReview, type CurrentReview } from '../run/review/current-review.js';
import { divideAndList, type Division } from '../run/split/divide.js';
import { toStoredViewOptions } from '../run/view-options.js';
import { PreviewFolder } from '../workers/previews/preview-folder.js';
import { assertViewsReplaceable, withPresentViews, type ViewChoice } from './view-choice.js';
import { provenanceOf } from './view-inputs.js';
import { asLocal, noteMoved, rememberViews, requireImageRoot } from './view-root.js';
import { writeViews } from './write-views.js';

/** The run whose views are written again. */
export interface ExportTarget {
  readonly outDir: string; // absolute
  readonly imagesRoot?: string | undefined; // absolute; where its images are now, if they were moved
  readonly takeOver: TakeOverRule;
  readonly version?: string | undefined; // of preannotate; without it, views are made again in any case
  readonly fetch?: Omit<FetchSettings, 'maxBytes'> | undefined; // of remote images; without it, none is fetched
  readonly signal?: AbortSignal | undefined; // stops between two images
}

/** A run of which the caller has the lock. */
type LockedTarget = Omit<ExportTarget, 'takeOver'> & { readonly lock: OutputLock };

/** How much of a run its views have, and what was chosen. */
interface WrittenAgain<Choice> {
  readonly extent: Extent;
  readonly counts: ViewCounts;
  readonly choice: Choice;
  readonly missing: MissingFiles;
}

/**
 * Writes the views of a run again, from its journal alone. They are those that are chosen, and those that are there.
 *
 * @param choose - Decides what to write, given what the run was.
 */
export async function exportViews<Choice extends ViewChoice>(
  { takeOver, ...target }: ExportTarget,
  choose: (run: OpenedRun) => Choice,
  progress: RunProgress,
): Promise<WrittenAgain<Choice>> {
  await assertHoldsRun(target.outDir); // so that no lock is made in a folder that holds no run
  await using lock = await OutputLock.takeForViews(target.outDir, {
    takeOver,
    note: (message) => progress.note(message),
  });
  return await writeViewsAgain({ ...target, lock }, choose, progress);
}

/** Writes the views of a run from its journal, in a folder of which the caller has the lock. */
export async function writeViewsAgain<Choice extends ViewChoice>(
  { lock, ...target }: LockedTarget,
  choose: (run: OpenedRun) => Choice,
  progress: RunProgress,
): Promise<WrittenAgain<Choice>> {
  const { outDir, imagesRoot: given } = target;
  const note = (message: string) => progress.note(message);
  const run = await openRun(outDir);
  run.notes.forEach(note);
  const choice = await withPresentViews(outDir, choose(run));
  const root = await requireImageRoot(run, { ...choice, outDir, given });
  if (root !== undefined) noteMoved(root, expectedRoot(outDir, asLocal(run.scope)), note);
  await assertViewsReplaceable({ ...choice, outDir, ontology: run.ontology }, root);
  await lock.assertHeld();
  await publishNumbers(outDir, run);
  const review = await readCurrentReview(outDir, { ...run.journal, root, sources: run.sources });
  noteLeftOut(review, run.ontology).forEach(note);
  const division = await divideRun(outDir, run, choice);
  division?.notes.forEach(note);
  const view = describeView({ ...target, lock, choice, root, review, division }, run);
  await using remote = root === undefined ? await openRemote(target.fetch, run) : undefined;
  await using previews = new PreviewFolder();
  const missing = await writeViews({ ...choice, outDir, ...view, remote }, previews, progress);
  await rememberViews(outDir, run, { root, ...toStoredViewOptions({ ...choice, imageFiles: undefined }) });
  const counts = await view.images.counts();
  const skipped = noteSkippedByTrainers(counts.skipped_by_trainers);
  if (skipped !== undefined) note(skipped);
  return { extent: await measureExtent(outDir, run), counts, choice, missing };
}

/** People may use the numbers of views: an export of a run that was killed gives them before the run's own end does. */
async function publishNumbers(outDir: string, { classes, ontology, imageIds }: OpenedRun): Promise<void> {
  assertClassesKept(classes, ontology.classes);
  await recordClasses(classes, withClasses(classes, ontology.classes));
  if (imageIds.isNew) await imageIds.save(outDir);
}

async function divideRun(
  outDir: string,
  { journal, sources }: OpenedRun,
  { split: rule, reassign }: ViewChoice,
): Promise<Division | undefined> {
  return await divideAndList({ ...journal, outDir, sources }, { rule, reassign, lists: true });
}

async function openRemote(fetch: ExportTarget['fetch'], { journal }: OpenedRun): Promise<RemoteImages | undefined> {
  if (fetch === undefined) return undefined;
  return await openRemoteImages({ ...fetch, maxBytes: journal.header.options.max_bytes, isAgain: true });
}

/** What is known of the views before they are written. */
interface Exported extends LockedTarget {
  readonly choice: ViewChoice;
  readonly root: string | undefined; // absolute folder of the images
  readonly review: CurrentReview | undefined;
  readonly division: Division | undefined;
}

/** @throws PreannotateError when reviewed images alone are wanted, and there are none */
function describeView({ outDir, version, choice, root, review, division, ...stops }: Exported, run: OpenedRun) {
  const { journal, ontology, imageIds, sources, manifest } = run;
  const { selection, negatives, onlyReviewed } = choice;
  const { lock, signal: stop } = stops;
  const signal = stop === undefined ? lock.lost : AbortSignal.any([lock.lost, stop]);
  const shown = { ontology, selection, review, sources, partOf: division?.partOf, signal };
  const stored = new StoredImages(journal, imageIds, { ...shown, negatives, onlyReviewed });
  if (onlyReviewed) assertAccepted(outDir, stored);
  const { max_bytes: maxBytes, max_pixels: maxPixels } = journal.header.options;
  const { examples: seen = [], example_folder: folder = '.' } = manifest ?? {};
  return {
    ontology,
    hasReview: hasDecisions(review),
    digests: version === undefined ? undefined : new ViewDigests({ ...run, ...choice, review, root, version }),
    images: new CountedImages(stored, ontology, () => stored.leftOut),
    previewed: new StoredImages(journal, imageIds, shown),
    index: createPreviewIndex({ run, selection, review }),
    imagesOf: (part: PartName) => stored.ofPart(part),
    listHidden: () => stored.listHidden(),
    countLeftOut: () => stored.leftOut.negatives,
    division,
    root,
    provenance: provenanceOf(journal.header),
    throwIfStopped: () => lock.assertHeldSinceHeartbeat(),
    limits: { maxBytes, maxPixels },
    examples: { folder: expectedRoot(outDir, { root: folder }), seen },
    signal,
  };
}
