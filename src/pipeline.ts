import { annotatePending, type Annotating } from './annotate-pending.js';
import { messageOf } from './core/errors.js';
import { toSeenExamples } from './core/seen-example.js';
import { beginJournalHeader, isShard, type Job, type RunState } from './job.js';
import { toManifest } from './run-manifest.js';
import { countToCome, divideStop } from './feeds/open-feed.js';
import { startTimeLimit } from './feeds/time-limit.js';
import { hostsOf } from './images/remote/address.js';
import { openRemoteImages } from './images/remote/open-remote-images.js';
import { findModel } from './model/source.js';
import { prepare } from './prepare.js';
import type { RunProgress } from './progress/run-progress.js';
import { RunStats } from './progress/stats.js';
import { saveRunCommand } from './run/rerun/run-command.js';
import { withClasses } from './run/numbers/classes.js';
import { Journal } from './run/journal.js';
import { beginManifest, endManifest, type RunManifest } from './run/manifest.js';
import { OutputLock } from './run/lock/output-lock.js';
import { saveSources } from './run/plan/sources.js';
import { writeOutputs } from './run-views.js';
import { withPresentViews } from './views/view-choice.js';
import { PreviewFolder } from './workers/previews/preview-folder.js';
import { limitFeatures, planFilling, storeFeatures, withFeaturesAsBegun } from './run-features.js';
import { startEngine, type EngineInput, type EngineUse } from './workers/start-engine.js';
import type { Engine } from './workers/engine.js';

/** A whole batch run: image files in, journal and annotation files out. */
export async function annotate(asked: Job, progress: RunProgress, stop: AbortSignal): Promise<RunManifest> {
  const note = (message: string) => progress.note(message);
  await using lock = await OutputLock.take(asked.outDir, { takeOver: asked.takeOver, note, signal: stop });
  const job = await withFeaturesAsBegun(isShard(asked) ? asked : await withPresentViews(asked.outDir, asked));
  const timeOver = startTimeLimit(asked.maxRuntimeMs);
  const signal = AbortSignal.any([stop, lock.lost, timeOver]);
  using watcher = progress.download();
  const finding = { precision: job.precision, watcher, signal, variables: process.env };
  const prepared = await prepare(job, () => findModel(job.model, finding), signal);
  job.ontologyNotes.forEach(note); // not before the error of a run that cannot begin
  const { found, model, earlier, plan, sources, classes, imageIds } = prepared;
  const header = beginJournalHeader(job, model, { found, classes: withClasses(classes, job.ontology.classes) });
  const stats = new RunStats({ found: found.images.length + plan.others, resumed: plan.finished });
  signal.throwIfAborted();

  await using remote = found.root === undefined ? await openRemoteImages(job.fetch) : undefined;
  const filling = await planFilling(job, prepared);
  const images = countToCome(job, prepared) + filling.images.length;
  const hosts = remote && hostsOf(plan.pending);
  const work = { model, images, imageFolder: found.root, remote, hosts };
  const use = { note, warn: (message: string) => note(`Warning: ${message}`), signal };
  await using engine = work.images > 0 ? await openEngine(job, work, use) : undefined;
  const examples = engine && toSeenExamples(await engine.prepare(job.ontology), job.ontology);
  // The first write of this attempt: results of earlier ones were not touched until here.
  await lock.assertHeld();
  await imageIds.save(job.outDir);
  await saveSources(sources, plan.sources);
  await using journal = await Journal.begin(job.outDir, header, earlier);
  const run = { ...prepared, remote, lock, journal, stats, examples: examples ?? prepared.examples };
  [...prepared.notes, ...filling.notes].forEach(note);
  await using previews = new PreviewFolder();
  return await annotateAndWrite(job, run, {
    ...{ engine, model, filling, previews, progress },
    ...{ timeOver, ...divideStop(job, { asked: stop, lost: lock.lost, timeOver }) },
  });
}

async function annotateAndWrite(job: Job, run: RunState, use: Annotating): Promise<RunManifest> {
  const { engine, filling, previews, progress, signal, timeOver } = use;
  const { journal, lock } = run;
  return await withManifest(job, run, async () => {
    if (job.startedBy !== undefined) await saveRunCommand(job.outDir, job.startedBy);
    const failure = await annotatePending(job, run, use);
    const isFilling = failure === undefined && filling.images.length > 0;
    if (!isFilling) await engine?.[Symbol.asyncDispose](); // to free its memory for the views
    await journal.sync();
    await lock.assertHeld();
    if (failure === undefined) await writeOutputs(job, run, { previews, progress, signal });
    else await writeIfPossible(job, run, use);
    if (failure !== undefined) throw failure;
    if (engine === undefined) await limitFeatures(job, use.model, (message) => progress.note(message));
    if (!isFilling || engine === undefined || run.isUnfinished === true) return;
    await storeFeatures(filling.images, { job, engine, progress, signal: AbortSignal.any([signal, timeOver]) });
    run.stats.features = engine.status().features;
  });
}

/** An engine of this machine's devices, or with a queue, of those of other machines. */
async function openEngine(job: Job, input: EngineInput, use: EngineUse): Promise<Engine> {
  const { queue } = job;
  if (queue === undefined) return await startEngine(job, input, use);
  const { startQueueEngine } = await import('./queue/producer/start-queue-engine.js');
  return await startQueueEngine({ ...job, queue }, input, use);
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
  const manifest = toManifest(job, run, run.isUnfinished === true ? 'interrupted' : 'done');
  await endManifest(job.outDir, manifest);
  return manifest;
}

/** Writes views of what was annotated before most images failed. What fails here must not hide why they did. */
async function writeIfPossible(
  job: Job,
  run: RunState,
  use: Omit<Annotating, 'engine' | 'model' | 'filling'>,
): Promise<void> {
  if (run.journal.entries.size === 0) return; // views of an earlier journal stay as they are
  await writeOutputs(job, run, use).catch(async (error: unknown) => {
    use.signal.throwIfAborted();
    await run.lock.assertHeld();
    use.progress.note(`The views could not be written: ${messageOf(error)}`);
  });
}
