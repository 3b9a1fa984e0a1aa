import { setMaxListeners } from 'node:events';
import { mapConcurrent } from './core/stream.js';
import { beginJournalHeader, toManifest, type Job, type RunState } from './job.js';
import { findModel } from './model/source.js';
import { prepare } from './prepare.js';
import type { Progress } from './progress/bar.js';
import { RunStats } from './progress/stats.js';
import { withClasses } from './run/numbers/classes.js';
import { ErrorLog } from './run/error-log.js';
import { Journal } from './run/journal.js';
import { beginManifest, endManifest, type RunManifest } from './run/manifest.js';
import { OutputLock } from './run/lock/output-lock.js';
import { toRecord } from './run/record.js';
import { showPreviews, writeOutputs } from './run-views.js';
import { PreviewFolder } from './workers/previews/preview-folder.js';
import { startEngine } from './workers/start-engine.js';
import type { Engine } from './workers/engine.js';

/** A whole batch run: image files in, journal and annotation files out. */
export async function annotate(job: Job, progress: Progress, stop: AbortSignal): Promise<RunManifest> {
  const note = (message: string) => progress.note(message);
  await using lock = await OutputLock.take(job.outDir, { takeOver: job.takeOver, note, signal: stop });
  const signal = AbortSignal.any([stop, lock.lost]);
  job.ontologyNotes.forEach(note);
  using watcher = progress.download();
  const finding = { precision: job.precision, watcher, signal, variables: process.env };
  const prepared = await prepare(job, () => findModel(job.model, finding));
  const { found, model, earlier, plan, classes, imageIds } = prepared;
  const header = beginJournalHeader(job, model, { found, classes: withClasses(classes, job.ontology.classes) });
  const stats = new RunStats({ found: found.images.length, resumed: plan.finished });
  signal.throwIfAborted();

  const work = { model, images: plan.pending.length, imageFolder: found.root };
  const use = { note, signal };
  await using engine = work.images > 0 ? await startEngine(job, work, use) : undefined;
  // The first write of this attempt: results of earlier ones were not touched until here.
  await lock.assertHeld();
  await imageIds.save(job.outDir);
  await using journal = await Journal.begin(job.outDir, header, earlier);
  const run = { ...prepared, lock, journal, stats };
  prepared.notes.forEach((note) => progress.note(note));
  await using previews = new PreviewFolder();
  return await withManifest(job, run, async () => {
    await annotatePending(job, run, { engine, previews, progress, signal });
    await engine?.[Symbol.asyncDispose](); // to free its memory for the views
    await journal.sync();
    await lock.assertHeld();
    await writeOutputs(job, run, { previews, progress, signal });
  });
}

/** Does the work of a run while run.json has its status. @returns The final content of run.json. */
async function withManifest(job: Job, run: RunState, work: () => Promise<void>): Promise<RunManifest> {
  try {
    await beginManifest(job.outDir, toManifest(job, run, 'running'));
    await work();
  } catch (error) {
    // A second failure, such as the same full disk, would only hide the first.
    if (await run.lock.isHeld()) await endManifest(job.outDir, toManifest(job, run, 'interrupted')).catch(() => {});
    throw error;
  }
  await run.lock.assertHeld();
  const manifest = toManifest(job, run, 'done');
  await endManifest(job.outDir, manifest);
  return manifest;
}

/** What a run annotates and reports with. */
interface Annotating {
  readonly engine: Engine | undefined; // undefined when nothing is left
  readonly previews: PreviewFolder;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Sends what is left to the workers and keeps what comes back. */
async function annotatePending(job: Job, run: RunState, use: Annotating): Promise<void> {
  await using errors = await ErrorLog.open(job.outDir);
  try {
    await annotateInto(job, run, { ...use, errors });
  } finally {
    // Where it cannot be sorted, as on a full disk, all lines are there, and what else is written reports it.
    if (await run.lock.isHeld()) await errors.sort().catch(() => {});
  }
}

async function annotateInto(
  job: Job,
  run: RunState,
  { engine, previews, errors, progress, signal }: Annotating & { readonly errors: ErrorLog },
): Promise<void> {
  const { found, lock, journal, plan, stats, imageIds } = run;
  for (const { name, failure } of found.failures) {
    await errors.append(name, failure);
    stats.failed++;
    progress.note(failure.message);
  }
  if (engine === undefined) return;

  setMaxListeners(0, signal); // every call in flight listens
  progress.start({ total: plan.pending.length + plan.finished, done: plan.finished });
  await using shown = showPreviews(job, run, { previews, signal });
  stats.beginImages();
  const outcomes = mapConcurrent(
    plan.pending,
    engine.capacity,
    (image) => engine.detect(image, job.ontology, signal), // decode, infer, map to classes: in a worker
  );
  try {
    // As they finish; the views put them back in order.
    for await (const outcome of outcomes) {
      await lock.assertHeldSinceHeartbeat();
      if (outcome.ok) {
        const id = imageIds.of(outcome.result.name);
        await journal.append(toRecord(outcome.result, id, job.ontology));
        shown?.imageAnnotated();
      } else await errors.append(outcome.name, outcome.failure); // never fatal
      stats.count(outcome);
      progress.tick(outcome);
    }
  } finally {
    stats.endImages(engine.times);
    progress.stop();
  }
}
