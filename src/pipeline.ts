import { setMaxListeners } from 'node:events';
import type { Failure } from './core/errors.js';
import { mapConcurrent } from './core/stream.js';
import { inputNotes, startEngine } from './workers/start-engine.js';
import { hubEnvironment } from './hub/environment.js';
import { discover } from './images/discover.js';
import { headerOf, manifestOf, type Job, type Prepared } from './job.js';
import { findModel, isModelHere } from './model/source.js';
import type { Progress } from './progress/bar.js';
import { RunStats } from './progress/stats.js';
import { assertClassesKept, lockClasses } from './run/classes.js';
import { FailureLog } from './run/error-log.js';
import { filesOf } from './run/files.js';
import { assertSameJob } from './run/header.js';
import { ImageIds } from './run/image-ids.js';
import { Journal, readJournal, type JournalEntry } from './run/journal.js';
import { OutputLock } from './run/output-lock.js';
import { writeManifest, type RunManifest } from './run/manifest.js';
import { planRun } from './run/plan.js';
import { recordOf } from './run/record.js';
import { StoredImages } from './run/stored.js';
import { assertViewsReplaceable, provenanceOf, writeViews } from './views.js';
import { assertPossible } from './workers/devices/choose-devices.js';
import type { Pool } from './workers/pool.js';

/** A whole batch run: image paths in, journal and annotation files out. */
export async function annotate(job: Job, progress: Progress, signal: AbortSignal): Promise<RunManifest> {
  assertPossible(job.worker.optimizer);
  const files = filesOf(job.outDir);
  const found = await discover(job.inputs, job.discovery);
  await using _lock = await OutputLock.take(files.lock);
  await assertViewsReplaceable(job, found.root);
  await assertClassesKept(files.classes, job.ontology.classes);
  using watcher = progress.download();
  const model = await findModel(job.model, { ...job, watcher, signal, variables: process.env });
  await using journal = await Journal.open(files.journal, headerOf(job, model), job); // has what earlier attempts finished
  const plan = await planRun(found.images, journal);
  const stats = new RunStats({ found: found.images.length, resumed: plan.finished });
  const run = { files, found, model, journal, plan, stats };
  signal.throwIfAborted();

  const work = { model, images: plan.pending.length };
  await using engine =
    work.images > 0 ? await startEngine(job, work, { note: (message) => progress.note(message), signal }) : undefined;
  await journal.begin(); // only now: until here nothing of an earlier run was touched
  try {
    await writeManifest(files.manifest, manifestOf(job, run, 'running'));
    await annotatePending(job, run, { engine, progress, signal });
    await engine?.[Symbol.asyncDispose](); // views need the memory more
    await journal.sync();

    await lockClasses(files.classes, job.ontology.classes); // from here on, people may use the numbers
    const ids = await ImageIds.extend(
      files.imageIds,
      found.images.map(({ name }) => name),
      job,
    );
    const images = new StoredImages(journal, ids, { ...job, signal });
    const view = { images, root: found.root, provenance: provenanceOf(journal.header), limits: job.worker };
    await writeViews({ ...job, ...view }, progress);
  } catch (error) {
    // A second failure, such as the same full disk, would only hide the first.
    await writeManifest(files.manifest, manifestOf(job, run, 'interrupted')).catch(() => {});
    throw error;
  }
  const manifest = manifestOf(job, run, 'done');
  await writeManifest(files.manifest, manifest);
  return manifest;
}

/** Sends what is left to the workers and keeps what comes back. */
async function annotatePending(
  job: Job,
  { files, found, journal, plan, stats }: Prepared,
  { engine, progress, signal }: { engine: Pool | undefined; progress: Progress; signal: AbortSignal },
): Promise<void> {
  await using failures = await FailureLog.open(files.failures);
  for (const { name, failure } of found.failures) {
    await failures.append(name, failure);
    stats.failed++;
    progress.note(failure.message);
  }
  if (journal.mended) progress.note(`${journal.path} ended in the middle of a line; that image is annotated again.`);
  if (engine === undefined) return;

  setMaxListeners(0, signal); // every call in flight listens
  progress.start({ total: plan.pending.length + plan.finished, done: plan.finished });
  stats.beginImages();
  const outcomes = mapConcurrent(
    plan.pending,
    engine.capacity,
    (image) => engine.detect(image, job.ontology, signal), // decode, infer, map to classes: in a worker
  );
  try {
    // As they finish; the views put them back in order.
    for await (const outcome of outcomes) {
      if (outcome.ok) await journal.append(recordOf(outcome.result, job.ontology));
      else await failures.append(outcome.name, outcome.failure); // never fatal
      stats.count(outcome);
      progress.tick(outcome);
    }
  } finally {
    stats.endImages(engine.times);
    progress.stop();
  }
}

/** What a run would do. */
export interface JobPlan {
  readonly root: string;
  readonly found: number;
  readonly finished: number;
  readonly pending: readonly string[];
  readonly failures: readonly Failure[];
  readonly model: string;
  readonly fetches: boolean; // the model must be downloaded first
  readonly notes: readonly string[]; // how images come to the model
}

/** Checks inputs, model and output folder, and lists what is left to do. Writes and decodes nothing. */
export async function planOnly(job: Job, progress: Progress): Promise<JobPlan> {
  assertPossible(job.worker.optimizer);
  const files = filesOf(job.outDir);
  const found = await discover(job.inputs, job.discovery);
  using watcher = progress.download();
  const finding = { ...job, watcher, variables: process.env };
  // Offline there is nothing to be fetched, which findModel says.
  const isOffline = hubEnvironment(process.env).offline !== undefined;
  const isHere = isOffline || (await isModelHere(job.model, finding));
  const model = isHere ? await findModel(job.model, finding) : undefined;
  await assertClassesKept(files.classes, job.ontology.classes);
  const journal = job.restart ? undefined : await readJournal(files.journal);
  if (journal !== undefined && model !== undefined) assertSameJob(journal.header, headerOf(job, model), files.journal);
  const entries = journal?.entries ?? new Map<string, JournalEntry>();
  const { pending, finished } = await planRun(found.images, { path: files.journal, entries });
  return {
    root: found.root,
    found: found.images.length,
    finished,
    pending: pending.map(({ name }) => name),
    failures: found.failures.map(({ failure }) => failure),
    model: job.model,
    fetches: model === undefined,
    notes: model === undefined ? [] : inputNotes(job, model),
  };
}
