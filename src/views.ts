import { join } from 'node:path';
import { PreannotateError } from './core/errors.js';
import { ontologyOf } from './core/ontology.js';
import type { Selection } from './core/select.js';
import type { Provenance, View } from './formats/format.js';
import { formats, type FormatName } from './formats/index.js';
import { assertReplaceable } from './formats/view-folder.js';
import type { Progress } from './progress/bar.js';
import type { JournalHeader } from './run/header.js';
import { ImageIds } from './run/image-ids.js';
import { readJournal } from './run/journal.js';
import { OutputLock } from './run/output-lock.js';
import type { RunManifest } from './run/manifest.js';
import { StoredImages } from './run/stored.js';
import { drawPreviews, PREVIEW_SIGNATURE } from './workers/previews/previews.js';

/** Folder of the previews, beside those of the formats. */
export const PREVIEWS = 'previews';

/** What `export` may change. */
export interface Export {
  readonly outDir: string; // absolute
  readonly selection: Selection;
  readonly formats: readonly FormatName[];
  readonly previews: number;
}

/** Writes the views of a run again, from its journal alone. @returns What was written. */
export async function exportViews(change: Export, run: RunManifest, progress: Progress) {
  await using _lock = await OutputLock.take(change.outDir);
  const journal = await readJournal(change.outDir);
  if (journal === undefined) throw noJournalError(change.outDir);
  const ontology = ontologyOf(run.ontology);
  const shown = { ontology, selection: change.selection };
  const images = new StoredImages(journal, await ImageIds.read(change.outDir), shown);
  const { max_bytes: maxBytes, max_pixels: maxPixels } = journal.header.options;
  const provenance = provenanceOf(journal.header);
  await writeViews(
    { ...change, ontology, images, root: run.root, provenance, limits: { maxBytes, maxPixels } },
    progress,
  );
  return { images: images.size, formats: change.formats, selection: change.selection };
}

/**
 * Makes sure, before any work is done, that the views can be written in the end.
 *
 * @throws PreannotateError OUTPUT_UNUSABLE when files of somebody else are in their place.
 */
export async function assertViewsReplaceable(
  { outDir, formats: names, previews }: Omit<Export, 'selection'>,
  root: string,
): Promise<void> {
  for (const name of names) await assertReplaceable({ outDir: join(outDir, name), root }, formats[name].signature);
  if (previews > 0) await assertReplaceable({ outDir: join(outDir, PREVIEWS), root }, PREVIEW_SIGNATURE);
}

/** Writes the annotation files and previews that were asked for. */
export async function writeViews(
  views: Omit<View, 'outDir'> & Omit<Export, 'selection'> & { limits: { maxBytes: number; maxPixels: number } },
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

/** What files say of the tool and the model that made them. */
export function provenanceOf({ preannotate, model, created }: JournalHeader): Provenance {
  const year = Number(created.slice(0, 4));
  return { version: preannotate, model: model.reference, modelSha256: model.sha256, year };
}

function noJournalError(outDir: string): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${join(outDir, 'detections.jsonl')} is not there, or empty.`,
    hint: 'Give the output folder of `preannotate run`, after it has annotated something.',
  });
}
