import { join } from 'node:path';
import { readStoredSelection, resolveSelection } from '../../config/selection.js';
import type { LabelledImage } from '../../core/data-set/data-set.js';
import { PreannotateError } from '../../core/errors.js';
import type { Decision } from '../../core/review/decision.js';
import { progressOf, type ReviewedImage, type ReviewProgress } from '../../core/review/progress.js';
import { joinReview } from '../../core/review/reviewed-boxes.js';
import { select } from '../../core/select.js';
import { counted, printable, quoteForShell } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import type { LabelledSet } from '../../evaluation/compare/compare.js';
import { bboxOf } from '../../formats/bbox.js';
import { findRunRoot } from '../../run/image-root.js';
import { StoredImages } from '../../run/images/stored-images.js';
import type { OpenedRun } from '../../run/open-run.js';
import { readReview, REVIEW_FILE } from '../../run/review/read-review.js';
import { findReplaced } from '../../run/review/replaced-images.js';

/** What people decided about the images of a run. */
export interface RunReview {
  readonly progress: ReviewProgress;
  readonly accepted: readonly LabelledImage[]; // by name, with the boxes that people left or made
  readonly outdated: readonly string[]; // names of accepted images that have changed since, or that are gone
}

/**
 * Reads what people decided. A decision counts as long as the image has the bytes that were looked at.
 *
 * @returns undefined for a run of which nothing was ever reviewed.
 * @throws PreannotateError JOURNAL_DAMAGED
 */
export async function readRunReview(outDir: string, run: OpenedRun): Promise<RunReview | undefined> {
  const decisions = await readReview(outDir);
  if (decisions.size === 0) return undefined;
  const { journal, ontology, imageIds, sources, scope } = run;
  const root = await findRunRoot(outDir, run, undefined);
  const known = [...decisions.keys()].filter((name) => journal.entries.has(name));
  const replaced = await findReplaced(known, { root, journal, sources });
  const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
  const images: ReviewedImage[] = [];
  const accepted: LabelledImage[] = [];
  const file = join(outDir, REVIEW_FILE);
  const outdated = new Map(decisions);
  for await (const image of new StoredImages(journal, imageIds, { ontology, selection, sources })) {
    const { id, name, width, height, sha256 } = image;
    const shown = select(image.stored, selection); // of the model, whatever people decided
    const made = decisions.get(name);
    const decision = made?.sha256 === sha256 && !replaced.has(name) ? made : undefined;
    const drafts = decision === undefined ? shown.length : joinReview(shown, decision).drafts.length;
    images.push({ drafts, decision });
    if (decision === undefined) continue;
    outdated.delete(name);
    if (decision.state === 'accepted') accepted.push({ id, name, width, height, file, boxes: boxesOf(decision) });
  }
  return {
    progress: progressOf(images),
    accepted,
    outdated: [...outdated].filter(([, { state }]) => state === 'accepted').map(([name]) => name),
  };
}

/** Images that people accepted, as ground truth. */
export type AcceptedSet = LabelledSet & { readonly notes: readonly string[] };

/** @throws PreannotateError INPUT_NOT_FOUND when no image is accepted. */
export async function readAcceptedSet(outDir: string, run: OpenedRun): Promise<AcceptedSet> {
  return toAcceptedSet(outDir, run, await readRunReview(outDir, run));
}

/** The same, of a review that was read. */
export function toAcceptedSet(outDir: string, run: OpenedRun, review: RunReview | undefined): AcceptedSet {
  if (review === undefined || review.accepted.length === 0) throw nothingAcceptedError(outDir, run, review);
  const { accepted, outdated, progress } = review;
  const total = counted(progress.images.total, 'image');
  const share = `${accepted.length} of ${total} ${accepted.length === 1 ? 'is' : 'are'} accepted`;
  const notes = [`The ground truth is the review of the run: ${share}.`];
  if (outdated.length > 0) notes.push(`Left out, because they have changed since or are gone: ${outdatedOf(review)}.`);
  return { classes: classesOf(run, accepted), images: accepted, notes };
}

function outdatedOf({ outdated }: RunReview): string {
  return counted(outdated.length, 'accepted image');
}

function boxesOf({ boxes }: Decision): LabelledImage['boxes'] {
  const left = boxes.filter(({ status }) => status !== 'rejected');
  return left.map(({ class: className, box }) => ({ className, box, xywh: bboxOf(box) }));
}

/** Those of the ontology, and those that it had when an image was reviewed. */
function classesOf({ ontology, classes: { ids } }: OpenedRun, accepted: readonly LabelledImage[]) {
  const present = new Map(ontology.classes.map(({ name, id }) => [name, id]));
  const used = new Set(accepted.flatMap(({ boxes }) => boxes.map(({ className }) => className)));
  for (const name of used) if (!present.has(name) && Object.hasOwn(ids, name)) present.set(name, ids[name]!);
  return [...present].map(([name, id]) => ({ name, id }));
}

function nothingAcceptedError(outDir: string, run: OpenedRun, review: RunReview | undefined): PreannotateError {
  const folder = displayPath(outDir);
  const { total, started } = review?.progress.images ?? { total: run.journal.entries.size, started: 0 };
  const begun = started > 0 ? ` Of ${started}, boxes were decided on, which counts once the image is accepted.` : '';
  const outdated = review?.outdated.length ?? 0;
  const changed =
    outdated > 0 ? ` ${counted(outdated, 'image')} that were accepted have changed since, or are gone.` : '';
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(folder)}: none of ${counted(total, 'image')} is accepted in a review.${begun}${changed}`,
    hint:
      `Accept images with \`preannotate review ${quoteForShell(folder)}\`, take over what was corrected elsewhere ` +
      'with --import <data set>, or give a corrected data set: --truth <path>.',
  });
}
