import { setMaxListeners } from 'node:events';
import { messageOf, type PreannotateError } from './core/errors.js';
import { toSeenExamples } from './core/seen-example.js';
import { mapInBatches } from './core/stream.js';
import { beginJournalHeader, isShard, type Job, type RunState } from './job.js';
import { toManifest } from './run-manifest.js';
import type { ImageFile, ImageOutcome } from './core/image.js';
import { countToCome, divideStop, openFeed } from './feeds/open-feed.js';
import { startTimeLimit } from './feeds/time-limit.js';
import { hostsOf } from './images/remote/address.js';
import { openRemoteImages } from './images/remote/open-remote-images.js';
import { findModel, type Model } from './model/source.js';
import { prepare } from './prepare.js';
import type { RunProgress } from './progress/run-progress.js';
import { RunStats } from './progress/stats.js';
import { saveRunCommand } from './run/rerun/run-command.js';
import { withClasses } from './run/numbers/classes.js';
import { IdenticalImages } from './run/duplicates/identical-images.js';
import { ErrorLog } from './run/error-log.js';
import { Journal } from './run/journal.js';
import { beginManifest, endManifest, type RunManifest } from './run/manifest.js';
import { OutputLock } from './run/lock/output-lock.js';
import { toRecord } from './run/record.js';
import { saveSources } from './run/plan/sources.js';
import { writeOutputs } from './run-views.js';
import { withPresentViews } from './views/view-choice.js';
import { PreviewFolder } from './workers/previews/preview-folder.js';
import { limitFeatures, planFilling, storeFeatures, withFeaturesAsBegun, type Filling } from './run-features.js';
import { startEngine, type EngineInput, type EngineUse } from './workers/start-engine.js';
import type { Engine } from './workers/engine.js';

/** Results that have arrived are written to the journal together, up to so many: about 400 kB. */
const WRITTEN_AT_ONCE = 256;

/** A whole batch run: image files in, journal and annotation files out. */
export async function annotate(asked: Job, progress: RunProgress, stop: AbortSignal): Promise<RunManifest> {
  const note = (message: string) => progress.note(message);
  await using lock = await OutputLock.take(asked.outDir, { takeOver: asked.takeOver, note, signal: stop });
  const job = await withFeaturesAsBegun(isShard(asked) ? asked : await withPresentViews(asked.outDir, asked));
  const timeOver = startTimeLimit(asked.maxRuntimeMs);
  const signal = AbortSignal.any([stop, lock.lost, timeOver]);
  job.ontologyNotes.forEach(note);
  using watcher = progress.download();
  const finding = { precision: job.precision, watcher, signal, variables: process.env };
  const prepared = await prepare(job, () => findModel(job.model, finding), signal);
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

/** What a run annotates and reports with. */
interface Annotating {
  readonly engine: Engine | undefined; // undefined when nothing is left
  readonly model: Model;
  readonly filling: Filling;
  readonly previews: PreviewFolder;
  readonly progress: RunProgress;
  readonly signal: AbortSignal;
  readonly ending: AbortSignal; // ends the feed; the views are written then
  readonly timeOver: AbortSignal; // of --max-runtime
}

/**
 * Sends what is left to the workers and keeps what comes back.
 *
 * @returns Why the run was stopped before the last image, if it was.
 */
async function annotatePending(job: Job, run: RunState, use: Annotating): Promise<PreannotateError | undefined> {
  await using errors = await (job.retryFailed ? ErrorLog.continue(job.outDir) : ErrorLog.open(job.outDir));
  try {
    const failure = await annotateUntilFailure(job, run, { ...use, errors });
    if (failure === undefined) errors.removeEarlier();
    return failure;
  } finally {
    // Where it cannot be sorted, as on a full disk, all lines are there, and what else is written reports it.
    if (await run.lock.isHeld()) await errors.sort().catch(() => {});
  }
}

async function annotateUntilFailure(
  job: Job,
  run: RunState,
  { engine, errors, ...use }: Annotating & { readonly errors: ErrorLog },
): Promise<PreannotateError | undefined> {
  const { found, lock, journal, stats, imageIds } = run;
  const { progress, signal, ending } = use;
  for (const { name, failure } of found.failures) {
    await errors.append(name, failure);
    stats.failed++;
    progress.note(failure.message);
  }
  if (engine === undefined) return undefined;

  await using feed = openFeed(job, run, { ...use, errors });
  const detecting = AbortSignal.any([signal, ending]);
  setMaxListeners(0, detecting); // every call in flight listens
  await using identical = openIdentical(job, run);
  progress.start(feed.known);
  stats.beginImages();
  let images = 0;
  const toRecords = (image: ImageFile, outcome: ImageOutcome | undefined) => {
    if (outcome?.ok !== true) return [];
    const result = { ...outcome.result, name: image.name }; // the string that is in memory already
    return [toRecord(result, imageIds.of(image.name), job.ontology)];
  };
  const limits = { limit: engine.capacity, batchSize: WRITTEN_AT_ONCE };
  const batches = mapInBatches(feed.images(), limits, async (image) => {
    const index = images++;
    const annotate = () => engine.detect(image, job.ontology, detecting); // decode, infer, map: in a worker
    const outcome = identical?.detect(image, annotate) ?? annotate();
    return { index, image, outcome: await unlessAborted(outcome, ending) };
  });
  try {
    // As they finish; the views put them back in order.
    for await (const batch of batches) {
      await lock.assertHeldSinceHeartbeat();
      await journal.appendAll(batch.flatMap(({ image, outcome }) => toRecords(image, outcome)));
      let failure: PreannotateError | undefined;
      for (const { index, outcome } of batch) {
        if (outcome === undefined) continue; // the feed has ended: the next run annotates the image
        if (outcome.ok) errors.remove(outcome.result.name);
        else if (failure === undefined)
          await errors.replace(outcome.name, outcome.failure); // never fatal
        else continue; // as if it had not arrived before the run was stopped
        stats.count(outcome);
        failure = feed.finish(outcome, index);
      }
      if (failure !== undefined) return failure; // images that workers still have are not waited for
    }
    run.isUnfinished = !(await feed.end());
    run.isTimeOver = use.timeOver.aborted && run.isUnfinished;
    return undefined;
  } finally {
    stats.endImages(engine.times);
    stats.duplicates = identical?.count ?? 0;
    ({ takenPart: run.takenPart, features: stats.features } = engine.status());
    progress.stop();
  }
}

/** Remote images are not compared: their bytes come to be known when they are annotated. */
function openIdentical({ ontology, worker }: Job, { found, journal }: RunState): IdenticalImages | undefined {
  const { root } = found;
  return root === undefined ? undefined : new IdenticalImages({ root, journal, ontology, maxBytes: worker.maxBytes });
}

/** The result, or nothing where it was given up because of the signal. */
async function unlessAborted<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
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
