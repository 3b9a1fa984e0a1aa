import { join } from 'node:path';
import type { ImageFiles } from './core/image-files.js';
import type { Selection } from './core/select.js';
import type { AnnotationFormat, Provenance, View } from './formats/format.js';
import { formats, type FormatName } from './formats/index.js';
import { assertClassOrderKept } from './formats/view-folder/class-order.js';
import { assertRecordSound, assertReplaceable } from './formats/view-folder/replaceable.js';
import type { Progress } from './progress/bar.js';
import type { JournalHeader } from './run/header.js';
import { OutputLock, type TakeOverRule } from './run/lock/output-lock.js';
import { assertClassesKept, recordClasses, withClasses } from './run/numbers/classes.js';
import { CountedImages, type ViewCounts } from './run/images/counted-images.js';
import { measureExtent, type Extent } from './run/extent.js';
import { assertHoldsRun, openRun, type OpenedRun } from './run/open-run.js';
import { StoredImages } from './run/images/stored-images.js';
import {
  PREVIEW_SIGNATURE,
  PreviewFolder,
  type PreviewJob,
  type PreviewResult,
} from './workers/previews/preview-folder.js';

/** Folder of the previews, beside those of the formats. */
export const PREVIEWS = 'previews';

/** Which views to write, and of which detections. */
export interface ViewChoice {
  readonly selection: Selection;
  readonly formats: readonly FormatName[];
  readonly previews: number; // of the first images by name
  readonly imageFiles: ImageFiles;
  readonly overwriteEdited: boolean; // files of views that the user edited
}

/** Where views go. */
interface ViewTarget extends Omit<ViewChoice, 'selection'> {
  readonly outDir: string; // absolute
}

/**
 * Writes the views of a run again, from its journal alone.
 *
 * @param choose - Decides what to write, given what the run was.
 * @returns How much of the run the views have, and what was chosen.
 */
export async function exportViews<Choice extends ViewChoice>(
  { outDir, takeOver }: { outDir: string; takeOver: TakeOverRule },
  choose: (run: OpenedRun) => Choice,
  progress: Progress,
): Promise<{ extent: Extent; counts: ViewCounts; choice: Choice; missingPreviews: number }> {
  await assertHoldsRun(outDir); // so that no lock is made in a folder that holds no run
  const note = (message: string) => progress.note(message);
  await using lock = await OutputLock.take(outDir, { takeOver, note });
  const run = await openRun(outDir);
  const { scope, journal, ontology, imageIds } = run;
  run.notes.forEach((note) => progress.note(note));
  const choice = choose(run);
  await assertViewsReplaceable({ ...choice, outDir, ontology }, scope.root);
  await lock.assertHeld();
  await publishNumbers(outDir, run);
  const stored = new StoredImages(journal, imageIds, { ontology, selection: choice.selection, signal: lock.lost });
  const images = new CountedImages(stored, ontology);
  const { max_bytes: maxBytes, max_pixels: maxPixels } = journal.header.options;
  const throwIfStopped = () => lock.assertHeldSinceHeartbeat();
  const view = { ontology, images, root: scope.root, provenance: provenanceOf(journal.header), throwIfStopped };
  await using previews = new PreviewFolder();
  const written = { ...choice, outDir, ...view, limits: { maxBytes, maxPixels } };
  const missingPreviews = await writeViews(written, previews, progress);
  return { extent: await measureExtent(outDir, run), counts: await images.counts(), choice, missingPreviews };
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
  root: string,
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
type WrittenViews = Omit<View, 'outDir'> & ViewTarget & Pick<PreviewJob, 'limits' | 'signal'>;

/** Writes the requested annotation files and previews. @returns How many previews could not be drawn. */
export async function writeViews(views: WrittenViews, previews: PreviewFolder, progress: Progress): Promise<number> {
  for (const name of views.formats) {
    const notes = await formats[name].write({ ...views, outDir: join(views.outDir, name) });
    notes.forEach((note) => progress.note(note));
  }
  if (views.previews === 0) return 0;
  const { notes, missing } = await writePreviews(views, previews);
  notes.forEach((note) => progress.note(note));
  return missing;
}

/** Writes the previews alone. */
export async function writePreviews(views: WrittenViews, previews: PreviewFolder): Promise<PreviewResult> {
  return await previews.update({ ...views, outDir: join(views.outDir, PREVIEWS), count: views.previews });
}

/** The tool and the model that made the annotations, for the files that name them. */
export function provenanceOf({ preannotate, model, created }: JournalHeader): Provenance {
  const year = Number(created.slice(0, 4));
  return { version: preannotate, model: model.reference, modelSha256: model.sha256, year };
}
