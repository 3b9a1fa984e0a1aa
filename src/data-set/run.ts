import { join } from 'node:path';
import { readStoredSelection, resolveSelection } from '../config/selection.js';
import type { DataSet, LabelledImage } from '../core/data-set/data-set.js';
import type { ViewImage } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { promptOf } from '../core/review/view-box.js';
import type { DataSetProbe } from '../formats/reading/probe.js';
import type { ReadOptions } from '../formats/reading/read-options.js';
import { expectedRoot, findRunRoot } from '../run/image-root.js';
import { StoredImages } from '../run/images/stored-images.js';
import { openRun } from '../run/open-run.js';
import { noteReplaced, readCurrentReview } from '../run/review/current-review.js';
import { readSplits } from '../run/split/splits-file.js';
import { JOURNAL_FILE, readHeader } from '../run/read-journal.js';

/** Whether a path is the output folder of a run. */
export async function recogniseRun({ path, isFolder }: DataSetProbe): Promise<boolean> {
  return isFolder && (await readHeader(path)) !== undefined;
}

/** The boxes of a run that its views have: those above its thresholds, after suppression, as people corrected them. */
export async function readRun(
  { path: outDir }: DataSetProbe,
  { imagesRoot: given }: Pick<ReadOptions, 'imagesRoot'>,
): Promise<DataSet> {
  const run = await openRun(outDir);
  const { journal, imageIds, ontology, sources, scope } = run;
  const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
  const root = await findRunRoot(outDir, run, given);
  const review = await readCurrentReview(outDir, { ...journal, root, sources });
  const stored = new StoredImages(journal, imageIds, { ontology, selection, sources, review });
  const splits = scope.split === undefined ? undefined : await readSplits(outDir);
  const parts = new Map(splits?.images.map(({ image, part }) => [image, part]));
  const images: AsyncIterable<LabelledImage> = {
    async *[Symbol.asyncIterator]() {
      for await (const image of stored)
        yield toLabelled(image, { ontology, outDir, root, part: parts.get(image.name) });
    },
  };
  const notes = [...run.notes, ...noteReplaced(review?.replaced ?? [])];
  return { classes: ontology.classes.map(({ id, name }) => ({ id, name })), images, notes };
}

/**
 * The folder of the images of a run, also where none of them is there now; undefined where they are remote.
 *
 * @param given - Absolute folder that the user names.
 * @throws PreannotateError INPUT_NOT_FOUND when the folder that the user names holds none of them.
 */
export async function imageRootOfRun(outDir: string, given: string | undefined): Promise<string | undefined> {
  const run = await openRun(outDir);
  const { root, ...scope } = run.scope;
  if (root === undefined) return undefined;
  return (await findRunRoot(outDir, run, given)) ?? expectedRoot(outDir, { ...scope, root });
}

/** What is known of an image beside its journal. */
interface LabelledRun {
  readonly ontology: Ontology;
  readonly outDir: string;
  readonly root: string | undefined;
  readonly part: string | undefined;
}

function toLabelled(
  { id, name, width, height, detections }: ViewImage,
  { ontology, outDir, root, part }: LabelledRun,
): LabelledImage {
  const boxes = detections.map((detection) => {
    const { classId, score, box } = detection;
    const prompt = promptOf(detection, ontology);
    return { className: ontology.classes[classId]!.name, box, score, ...(prompt === undefined ? {} : { prompt }) };
  });
  const imagePath = root === undefined ? {} : { imagePath: join(root, name) };
  const inPart = part === undefined ? {} : { part };
  return { id, name, width, height, ...inPart, ...imagePath, file: join(outDir, JOURNAL_FILE), boxes };
}
