import { join } from 'node:path';
import type { ViewImage } from './core/image.js';
import type { ImageFiles } from './core/image-files.js';
import type { PartName, SplitRule } from './core/data-set/split.js';
import { noteSkippedByTrainers } from './core/skipped-by-trainers.js';
import type { Selection } from './core/select.js';
import type { AnnotationFormat, View } from './formats/format.js';
import { formatNames, formats, type FormatName } from './formats/index.js';
import { assertClassOrderKept } from './formats/view-folder/class-order.js';
import { assertRecordSound, assertReplaceable, isView } from './formats/view-folder/replaceable.js';
import type { FetchSettings } from './images/remote/fetch-settings.js';
import { openRemoteImages } from './images/remote/open-remote-images.js';
import type { RunProgress } from './progress/run-progress.js';
import { OutputLock, type TakeOverRule } from './run/lock/output-lock.js';
import { assertClassesKept, recordClasses, withClasses } from './run/numbers/classes.js';
import { CountedImages, type ViewCounts } from './run/images/counted-images.js';
import { expectedRoot } from './run/image-root.js';
import { measureExtent, type Extent } from './run/extent.js';
import { NONE_MISSING, type MissingFiles } from './run/manifest.js';
import { assertHoldsRun, openRun, type OpenedRun } from './run/open-run.js';
import { assertAccepted } from './run/images/assert-accepted.js';
import { StoredImages } from './run/images/stored-images.js';
import { hasDecisions, noteLeftOut, readCurrentReview } from './run/review/current-review.js';
import { divideAndList, type Division } from './run/split/divide.js';
import { ViewDigests } from './run/images/view-digest.js';
import { createPreviewIndex } from './gallery/preview-index.js';
import { describeInputs, provenanceOf } from './view-inputs.js';
import { toStoredViewOptions } from './run/view-options.js';
import { asLocal, noteMoved, rememberViews, requireImageRoot } from './view-root.js';
import {
  countPreviews,
  PREVIEW_SIGNATURE,
  PreviewFolder,
  type PreviewJob,
  type PreviewResult,
} from './workers/previews/preview-folder.js';
import { UprightCopies } from './workers/previews/upright-copies.js';

/** Folder of the previews, beside those of the formats. */
export const PREVIEWS = 'previews';

/** Which views to write, and of which detections. */
export interface ViewChoice {
  readonly selection: Selection;
  readonly formats: readonly FormatName[];
  readonly previews: number; // of the first images by name
  readonly imageFiles?: ImageFiles; // left out: as suits the readers of each format
  readonly split?: SplitRule | undefined; // left out: the images are not divided
  readonly negatives?: number | undefined; // share of the images with nothing found; left out: all
  readonly upright?: boolean | undefined; // turned images are written upright
  readonly onlyReviewed?: boolean | undefined; // images that no person has accepted are left out
  readonly reassign?: boolean; // existing parts are ignored
  readonly overwriteEdited: boolean; // files of views that the user edited
}

/** Where views go. */
interface ViewTarget extends Omit<ViewChoice, 'selection'> {
  readonly outDir: string; // absolute
}

/** The run whose views are written again. */
export interface ExportTarget {
  readonly outDir: string; // absolute
  readonly imagesRoot?: string | undefined; // absolute; where its images are now, if they were moved
  readonly takeOver: TakeOverRule;
  readonly version?: string | undefined; // of preannotate; without it, views are made again in any case
  readonly fetch?: Omit<FetchSettings, 'maxBytes'> | undefined; // of remote images; without it, none is fetched
  readonly signal?: AbortSignal | undefined; // stops between two images
}

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
  {
    outDir,
    imagesRoot,
    lock,
    fetch,
    version,
    signal: stop,
  }: Omit<ExportTarget, 'takeOver'> & { readonly lock: OutputLock },
  choose: (run: OpenedRun) => Choice,
  progress: RunProgress,
): Promise<WrittenAgain<Choice>> {
  const note = (message: string) => progress.note(message);
  const signal = stop === undefined ? lock.lost : AbortSignal.any([lock.lost, stop]);
  const run = await openRun(outDir);
  const { journal, ontology, imageIds, sources } = run;
  run.notes.forEach((note) => progress.note(note));
  const choice = await withPresentViews(outDir, choose(run));
  const root = await requireImageRoot(run, { ...choice, outDir, given: imagesRoot });
  if (root !== undefined) noteMoved(root, expectedRoot(outDir, asLocal(run.scope)), note);
  await assertViewsReplaceable({ ...choice, outDir, ontology }, root);
  await lock.assertHeld();
  await publishNumbers(outDir, run);
  const { selection } = choice;
  const { split: rule, reassign, negatives, onlyReviewed } = choice;
  const review = await readCurrentReview(outDir, { ...journal, root, sources });
  noteLeftOut(review, ontology).forEach(note);
  const division = await divideAndList({ ...journal, outDir, sources }, { rule, reassign, lists: true });
  division?.notes.forEach(note);
  const partOf = division?.partOf;
  const shownOf = { ontology, selection, review, sources, partOf, signal };
  const stored = new StoredImages(journal, imageIds, { ...shownOf, negatives, onlyReviewed });
  if (onlyReviewed) assertAccepted(outDir, stored);
  const countLeftOut = () => stored.leftOut.negatives;
  const images = new CountedImages(stored, ontology, () => stored.leftOut);
  const { max_bytes: maxBytes, max_pixels: maxPixels } = journal.header.options;
  const throwIfStopped = () => lock.assertHeldSinceHeartbeat();
  const provenance = provenanceOf(journal.header);
  await using remote =
    root === undefined && fetch ? await openRemoteImages({ ...fetch, maxBytes, isAgain: true }) : undefined;
  const digests = version === undefined ? undefined : new ViewDigests({ ...run, ...choice, review, root, version });
  const hasReview = hasDecisions(review);
  const shown = { ontology, hasReview, images, digests, root, remote, division, negatives, onlyReviewed };
  const previewed = new StoredImages(journal, imageIds, shownOf);
  const view = {
    ...shown,
    imagesOf: (part: PartName) => stored.ofPart(part),
    listHidden: () => stored.listHidden(),
    countLeftOut,
    previewed,
    index: createPreviewIndex({ run, selection, review }),
    provenance,
    throwIfStopped,
    signal,
  };
  await using previews = new PreviewFolder();
  const { examples: seen = [], example_folder: folder = '.' } = run.manifest ?? {};
  const examples = { folder: expectedRoot(outDir, { root: folder }), seen };
  const written = { ...choice, outDir, ...view, limits: { maxBytes, maxPixels }, examples };
  const missing = await writeViews(written, previews, progress);
  await rememberViews(outDir, run, { root, ...toStoredViewOptions({ ...choice, imageFiles: undefined }) });
  const counts = await images.counts();
  const skipped = noteSkippedByTrainers(counts.skipped_by_trainers);
  if (skipped !== undefined) progress.note(skipped);
  return { extent: await measureExtent(outDir, run), counts, choice, missing };
}

/**
 * What is to be written: the views that are asked for, and those that the folder has, which would otherwise go on
 * showing other boxes.
 *
 * @throws PreannotateError JOURNAL_DAMAGED when the record of what was written into one of them is damaged.
 */
export async function withPresentViews<Choice extends Pick<ViewChoice, 'formats' | 'previews'>>(
  outDir: string,
  choice: Choice,
): Promise<Choice> {
  const present: FormatName[] = [];
  for (const name of formatNames) {
    const isAsked = choice.formats.includes(name);
    if (!isAsked && (await isView(join(outDir, name), formats[name].signature))) present.push(name);
  }
  const previews = Math.max(choice.previews, await countPreviews(join(outDir, PREVIEWS)));
  return { ...choice, formats: [...choice.formats, ...present], previews };
}

/** People may use the numbers of views: an export of a run that was killed gives them before the run's own end does. */
async function publishNumbers(outDir: string, { classes, ontology, imageIds }: OpenedRun): Promise<void> {
  assertClassesKept(classes, ontology.classes);
  await recordClasses(classes, withClasses(classes, ontology.classes));
  if (imageIds.isNew) await imageIds.save(outDir);
}

/**
 * Makes sure, before any work is done, that the views can be written in the end.
 *
 * @throws PreannotateError OUTPUT_UNUSABLE when other files are in their place, or edited ones that number classes in
 *   another order; JOURNAL_DAMAGED when the record of written files is damaged.
 */
export async function assertViewsReplaceable(
  { outDir, formats: names, previews, ontology, overwriteEdited }: ViewTarget & Pick<View, 'ontology'>,
  root: string | undefined,
): Promise<void> {
  for (const name of names) {
    const { signature, classOrder, layout }: AnnotationFormat = formats[name];
    const view = { outDir: join(outDir, name), root, overwriteEdited };
    await assertReplaceable(view, signature);
    await assertRecordSound(view.outDir);
    if (classOrder !== undefined) await assertClassOrderKept(view, classOrder(ontology), layout);
  }
  if (previews > 0) await assertReplaceable({ outDir: join(outDir, PREVIEWS), root }, PREVIEW_SIGNATURE);
}

/** Views to write, of which images. */
type WrittenViews = Omit<View, 'outDir' | 'images' | 'madeFrom' | 'parts' | 'uprightWriter'> &
  ViewTarget &
  Pick<PreviewJob, 'limits' | 'examples' | 'signal' | 'index'> & {
    readonly images: CountedImages;
    readonly previewed?: AsyncIterable<ViewImage>; // also those with nothing found that are left out
    readonly negatives?: number | undefined;
    readonly onlyReviewed?: boolean | undefined;
    readonly division?: Division | undefined; // of the images; left out: they are not divided
    readonly digests?: ViewDigests | undefined; // left out where the images are not those of a whole journal
  };

/** Writes the requested annotation files and previews. @returns How many of their files could not be made. */
export async function writeViews(
  views: WrittenViews,
  previews: PreviewFolder,
  progress: Pick<RunProgress, 'note'>,
): Promise<MissingFiles> {
  let copies = 0;
  const onMissingCopy = () => {
    copies++;
  };
  await using uprightWriter = views.upright === true ? new UprightCopies(views.limits) : undefined;
  const parts = views.division?.parts;
  for (const name of views.formats) {
    const view = { ...views, outDir: join(views.outDir, name), parts, uprightWriter, onMissingCopy };
    const notes = await formats[name].write({ ...view, madeFrom: await describeInputs(formats[name], view) });
    notes.forEach((note) => progress.note(note));
  }
  if (views.previews === 0) return { ...NONE_MISSING, copies };
  const { notes, missing } = await writePreviews(views, previews);
  notes.forEach((note) => progress.note(note));
  return { previews: missing, copies };
}

/** Writes the previews alone. */
export async function writePreviews(views: WrittenViews, previews: PreviewFolder): Promise<PreviewResult> {
  const { previewed: images = views.images } = views;
  return await previews.update({ ...views, images, outDir: join(views.outDir, PREVIEWS), count: views.previews });
}
