import { join } from 'node:path';
import type { Ontology } from './core/ontology.js';
import type { Selection } from './core/select.js';
import type { Provenance, View } from './formats/format.js';
import { formats, type FormatName } from './formats/index.js';
import { assertReplaceable } from './formats/view-folder.js';
import type { Progress } from './progress/bar.js';
import type { JournalHeader } from './run/header.js';
import { OutputLock } from './run/output-lock.js';
import { readManifest, type RunManifest } from './run/manifest.js';
import { openRun } from './run/open-run.js';
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
 * @returns How many images the views have, and what was chosen.
 */
export async function exportViews<Choice extends ViewChoice>(
  outDir: string,
  choose: (run: { manifest: RunManifest; ontology: Ontology }) => Choice,
  progress: Progress,
): Promise<{ images: number; choice: Choice }> {
  await readManifest(outDir); // so that no lock is made in a folder that holds no run
  await using _lock = await OutputLock.take(outDir);
  const { manifest, journal, ontology, imageIds } = await openRun(outDir);
  const choice = choose({ manifest, ontology });
  const { selection, formats, previews } = choice;
  const images = new StoredImages(journal, imageIds, { ontology, selection });
  const { max_bytes: maxBytes, max_pixels: maxPixels } = journal.header.options;
  const view = { ontology, images, root: manifest.root, provenance: provenanceOf(journal.header) };
  await writeViews({ outDir, formats, previews, ...view, limits: { maxBytes, maxPixels } }, progress);
  return { images: images.size, choice };
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
