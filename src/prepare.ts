import type { Failure } from './core/errors.js';
import { discover, type Discovery } from './images/listing/discover.js';
import { toJournalHeader, type Job } from './job.js';
import { findModelHere, type Model } from './model/source.js';
import type { Progress } from './progress/bar.js';
import { chooseImages } from './run/choose-images.js';
import { assertClassesKept, readClasses, type KnownClasses } from './run/numbers/classes.js';
import { assertSameJob, type JournalHeader } from './run/header.js';
import { ImageIds } from './run/numbers/image-ids.js';
import { readImageList } from './run/numbers/image-list.js';
import { readManifest } from './run/manifest.js';
import { assertOwnFilesReplaceable } from './run/own-files.js';
import { readHeader, readJournal, tornNote, type JournalContents } from './run/read-journal.js';
import { OutputLock } from './run/lock/output-lock.js';
import { printable } from './core/text.js';
import { planRun, type Plan } from './run/plan.js';
import { assertViewsReplaceable, withPresentViews } from './views.js';
import { assertOptimizerAvailable } from './workers/devices/choose-devices.js';
import { describeInput } from './workers/start-engine.js';

const NAMED = 3; // images that are gone

/** What is known before the first image is annotated. */
export interface Prepared<Found extends Model | undefined = Model> {
  readonly found: Discovery;
  readonly model: Found;
  readonly earlier: JournalContents | undefined; // what earlier attempts at the job finished, if anything
  readonly plan: Plan;
  readonly classes: KnownClasses;
  readonly imageIds: ImageIds; // of all images that were found or are in the journal
  readonly notes: readonly string[]; // what was damaged or is gone, and what follows from it
}

/**
 * Refuses a job that cannot be done, finds images and model, and plans what is left. Writes nothing to the output
 * folder, which the caller has locked unless it only makes a plan.
 *
 * @param find - Finds the model. Where it may not download one, it returns undefined for a model that is not here.
 * @throws PreannotateError for everything that a run refuses before it starts workers.
 */
export async function prepare<Found extends Model | undefined>(
  job: Job,
  find: () => Promise<Found>,
): Promise<Prepared<Found>> {
  assertOptimizerAvailable(job.worker.optimizer);
  const found = await discover(job.inputs, job.discovery);
  await assertViewsReplaceable(job, found.root);
  await assertOwnFilesReplaceable(job.outDir);
  const classes = await readClasses(job.outDir, await readHeader(job.outDir));
  assertClassesKept(classes, job.ontology.classes);
  const earlier = await readEarlier(job);
  const model = await find();
  if (earlier !== undefined) {
    const { header, path } = earlier;
    assertSameJob(header, toJournalHeader(job, model ?? modelOf(header)), path);
  }
  const list = await readImageList(job.outDir);
  const chosen = chooseImages(found.images, job.choice);
  const plan = await planRun({ root: found.root, images: chosen }, earlier, (name) => list.images.has(name));
  const imageIds = ImageIds.from({
    list,
    journal: job.restart ? await readDiscarded(job) : earlier,
    found: found.images.map(({ name }) => name),
    isPublished: classes.isPublished,
    wasFinished: await wasFinished(job),
    restarts: job.restart,
  });
  const torn = earlier?.torn === true ? [tornNote(earlier.path)] : [];
  return {
    found,
    model,
    earlier,
    plan,
    classes,
    imageIds,
    notes: [...found.notes, ...torn, ...classes.notes, ...imageIds.notes, ...goneNotes(plan)],
  };
}

/** A journal without images binds to no job: the run begins a new one. */
async function readEarlier({ outDir, restart }: Job): Promise<JournalContents | undefined> {
  const journal = restart ? undefined : await readJournal(outDir);
  return journal?.entries.size === 0 ? undefined : journal;
}

/** With restart, a journal is needed for the numbers of its images alone. */
async function readDiscarded({ outDir }: Job): Promise<JournalContents | undefined> {
  try {
    return await readJournal(outDir);
  } catch {
    return undefined; // damaged: the list has the numbers
  }
}

async function wasFinished({ outDir }: Job): Promise<boolean> {
  try {
    return (await readManifest(outDir))?.status === 'done';
  } catch {
    return false; // damaged: this run writes a new one
  }
}

function goneNotes({ gone }: Plan): string[] {
  if (gone.length === 0) return [];
  const names = gone.slice(0, NAMED).map(printable).join(', ');
  const others = gone.length > NAMED ? ` and ${gone.length - NAMED} more` : '';
  const [what, verb] = gone.length === 1 ? ['1 annotated image', 'is'] : [`${gone.length} annotated images`, 'are'];
  return [`${what} ${verb} no longer there: ${names}${others}. Annotations and numbers are kept.`];
}

/** Stands in for a model that must be downloaded first, so that everything else about the job can be compared. */
function modelOf({ model, options }: JournalHeader): Parameters<typeof toJournalHeader>[1] {
  return { ...model, precision: options.precision ?? 'fp32' };
}

/** What a run would do. */
export interface JobPlan {
  readonly root: string;
  readonly found: number;
  readonly finished: number;
  readonly pending: readonly string[];
  readonly failures: readonly Failure[];
  readonly left_out: Discovery['leftOut'];
  readonly model: string;
  readonly fetches: boolean; // the model must be downloaded first
  readonly notes: readonly string[]; // what was damaged or is gone, and how images come to the model
}

/** The dry run: refuses what the run would refuse, and lists what is left. Writes and downloads nothing. */
export async function planOnly(job: Job, progress: Progress): Promise<JobPlan> {
  await OutputLock.assertAvailable(job.outDir, job.takeOver);
  using watcher = progress.download();
  const { precision } = job;
  const finding = { precision, watcher, variables: process.env };
  const { found, model, plan, notes } = await prepare(await withPresentViews(job.outDir, job), () =>
    findModelHere(job.model, finding),
  );
  return {
    root: found.root,
    found: found.images.length,
    finished: plan.finished,
    pending: plan.pending.map(({ name }) => name),
    failures: found.failures.map(({ failure }) => failure),
    left_out: found.leftOut,
    model: job.model,
    fetches: model === undefined,
    notes: [...job.ontologyNotes, ...notes, ...(model === undefined ? [] : describeInput(job, model))],
  };
}
