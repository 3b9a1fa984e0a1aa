import { readStoredSelection, resolveSelection } from '../../config/selection.js';
import type { LabelledImage } from '../../core/data-set/data-set.js';
import type { DecidedBox, Decision } from '../../core/review/decision.js';
import type { Outcomes } from '../../core/review/outcomes.js';
import { StoredImages } from '../../run/images/stored-images.js';
import { OutputLock, type TakeOverRule } from '../../run/lock/output-lock.js';
import { assertHoldsRun, openRun, type ShowRun } from '../../run/open-run.js';
import { ReviewJournal, type ReviewStep } from '../../run/review/review-journal.js';
import { LeftOutBoxes } from './drawn-boxes.js';
import { ImportPlan, type Fate } from './plan-import.js';
import { readLabels, type LabelSource } from './read-labels.js';

/** What is taken over into the review of a run, and under which name. */
export interface ImportJob extends LabelSource {
  readonly author: string;
  readonly overwrite: boolean; // also what was decided after the data set was written
  readonly takeOver: TakeOverRule;
  readonly signal: AbortSignal; // ends it between two images
  readonly show: ShowRun;
}

/** What became of the images. */
export interface ImportReport {
  readonly images: Readonly<Record<Fate, readonly string[]>>; // of the run, by name
  readonly absent: readonly string[]; // images of the data set that the run does not have
  readonly untouched: number; // images of the run that the data set does not have
  readonly empty: number; // images that are accepted or replaced, and have no boxes now
  readonly boxes: Outcomes; // of images that are accepted or replaced
  readonly notes: readonly string[];
}

/**
 * Takes boxes that people corrected elsewhere over into the review of a run, as if they had been corrected there: every
 * image of the data set is accepted. The same data set again changes nothing.
 *
 * @throws PreannotateError OUTPUT_LOCKED while another process writes into the folder; as {@link readLabels}, and then
 *   nothing is imported; WRITE_FAILED
 */
export async function importReview(job: ImportJob, note: (message: string) => void): Promise<ImportReport> {
  const { outDir, author, overwrite, takeOver, signal } = job;
  await assertHoldsRun(outDir); // so that no lock is made in a folder that holds no run
  await using lock = await OutputLock.take(outDir, { takeOver, note, signal });
  const { journal, ontology, imageIds, sources, scope, notes } = job.show(await openRun(outDir));
  const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
  const stored = new StoredImages(journal, imageIds, { ontology, selection, sources, signal });
  const known: LabelledImage[] = [];
  for await (const { name, width, height } of stored) {
    known.push({ name, width, height, file: journal.path, boxes: [] });
  }
  const classes = new Set(ontology.classes.map(({ name }) => name));
  const labels = await readLabels(job, { images: known, classes });
  await using review = await ReviewJournal.open(outDir);
  const saving = new Saving(review, () => lock.assertHeld());
  const leftOut = new LeftOutBoxes();
  const plan = new ImportPlan({ ontology, selection }, overwrite, leftOut);
  const counts = new Counts();
  for await (const image of stored) {
    const { name, sha256 } = image;
    const labelled = labels.byName.get(name);
    if (labelled === undefined) continue;
    const { fate, target, changes } = await plan.of({ image, labelled, latest: review.decisions.get(name) });
    counts.add(name, fate, target);
    if (fate === 'accepted' || fate === 'replaced') await saving.add({ image: name, sha256, changes, author });
  }
  await saving.finish();
  return {
    ...counts.report,
    absent: labels.absent,
    untouched: known.length - labels.byName.size,
    notes: [...notes, ...labels.notes, ...leftOut.notes],
  };
}

/** What became of images and of their boxes. */
class Counts {
  readonly #images: Record<Fate, string[]> = { accepted: [], replaced: [], unchanged: [], newer: [], otherSize: [] };
  readonly #boxes = { kept: 0, corrected: 0, rejected: 0, drawn: 0 };
  #empty = 0;

  add(name: string, fate: Fate, target: readonly DecidedBox[]): void {
    this.#images[fate].push(name);
    if (fate !== 'accepted' && fate !== 'replaced') return;
    for (const { status } of target) this.#boxes[status]++;
    if (target.every(({ status }) => status === 'rejected')) this.#empty++;
  }

  get report(): Pick<ImportReport, 'images' | 'empty' | 'boxes'> {
    return { images: this.#images, empty: this.#empty, boxes: this.#boxes };
  }
}

const MAX_PENDING = 4096; // steps that wait for one write

/** Saves many steps at once. */
class Saving {
  readonly #review: ReviewJournal;
  readonly #assertHeld: () => Promise<void>;
  #pending: Promise<Decision>[] = [];

  constructor(review: ReviewJournal, assertHeld: () => Promise<void>) {
    this.#review = review;
    this.#assertHeld = assertHeld;
  }

  async add(step: ReviewStep): Promise<void> {
    if (this.#pending.length === 0) await this.#assertHeld();
    const saved = this.#review.append(step);
    saved.catch(() => {}); // it is thrown by finish
    this.#pending.push(saved);
    if (this.#pending.length >= MAX_PENDING) await this.finish();
  }

  async finish(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    await Promise.all(pending);
  }
}
