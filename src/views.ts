import { join } from 'node:path';
import type { Selection } from './core/select.js';
import type { Provenance, View } from './formats/format.js';
import { formats, type FormatName } from './formats/index.js';
import { assertReplaceable } from './formats/view-folder.js';
import type { Progress } from './progress/bar.js';
import type { JournalHeader } from './run/header.js';
import { OutputLock } from './run/output-lock.js';
import { assertClassesKept, recordClasses, withClasses } from './run/numbers/classes.js';
import { measureExtent, type Extent } from './run/extent.js';
import { assertHoldsRun, openRun, type OpenedRun } from './run/open-run.js';
import { StoredImages } from './run/stored-images.js';
import { drawPreviews, PREVIEW_SIGNATURE } from './workers/previews/previews.js';

/** Folder of the previews, beside those of the formats. */
export const PREVIEWS = 'previews';

/** Which views to write, and of which detections. */
export interface ViewChoice {
  readonly selection: Selection;
  readonly formats: readonly FormatName[];
  readonly previews: number; // of the first images by name
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
  outDir: string,
  choose: (run: OpenedRun) => Choice,
  progress: Progress,
): Promise<{ extent: Extent; choice: Choice }> {
  await assertHoldsRun(outDir); // so that no lock is made in a folder that holds no run
  await using _lock = await OutputLock.take(outDir);
  const run = await openRun(outDir);
  const { scope, journal, ontology, imageIds } = run;
  run.notes.forEach((note) => progress.note(note));
  const choice = choose(run);
  await publishNumbers(outDir, run);
  const { selection, formats, previews } = choice;
  const images = new StoredImages(journal, imageIds, { ontology, selection });
  const { max_bytes: maxBytes, max_pixels: maxPixels } = journal.header.options;
  const view = { ontology, images, root: scope.root, provenance: provenanceOf(journal.header) };
  await writeViews({ outDir, formats, previews, ...view, limits: { maxBytes, maxPixels } }, progress);
  return { extent: await measureExtent(outDir, run), choice };
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
 * @throws PreannotateError OUTPUT_UNUSABLE when other files are in their place.
 */
export async function assertViewsReplaceable(
  { outDir, formats: names, previews }: ViewTarget,
  root: string,
): Promise<void> {
  for (const name of names) await assertReplaceable({ outDir: join(outDir, name), root }, formats[name].signature);
  if (previews > 0) await assertReplaceable({ outDir: join(outDir, PREVIEWS), root }, PREVIEW_SIGNATURE);
}

/** Writes the requested annotation files and previews. */
export async function writeViews(
  views: Omit<View, 'outDir'> & ViewTarget & { limits: { maxBytes: number; maxPixels: number } },
  progress: Progress,
): Promise<void> {
  for (const name of views.formats) {
    const notes = await formats[name].write({ ...views, outDir: join(views.outDir, name) });
    notes.forEach((note) => progress.note(note));
  }
  if (views.previews === 0) return;
  const problems = await drawPreviews({ ...views, outDir: join(views.outDir, PREVIEWS), count: views.previews });
  problems.forEach((problem) => progress.note(problem));
}

/** The tool and the model that made the annotations, for the files that name them. */
export function provenanceOf({ preannotate, model, created }: JournalHeader): Provenance {
  const year = Number(created.slice(0, 4));
  return { version: preannotate, model: model.reference, modelSha256: model.sha256, year };
}
