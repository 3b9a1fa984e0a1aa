import { setMaxListeners } from 'node:events';
import type { PreannotateError } from './core/errors.js';
import type { ImageFile, ImageOutcome } from './core/image.js';
import { mapInBatches } from './core/stream.js';
import type { Feed } from './feeds/feed.js';
import { openFeed } from './feeds/open-feed.js';
import type { Job, RunState } from './job.js';
import type { Model } from './model/source.js';
import type { RunProgress } from './progress/run-progress.js';
import type { RunStats } from './progress/stats.js';
import { IdenticalImages } from './run/duplicates/identical-images.js';
import { ErrorLog } from './run/error-log.js';
import { toRecord, type ImageRecord } from './run/record.js';
import type { Filling } from './run-features.js';
import type { Engine } from './workers/engine.js';
import type { PreviewFolder } from './workers/previews/preview-folder.js';

/** Results that have arrived are written to the journal together, up to so many: about 400 kB. */
const WRITTEN_AT_ONCE = 256;

/** What a run annotates and reports with. */
export interface Annotating {
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
export async function annotatePending(job: Job, run: RunState, use: Annotating): Promise<PreannotateError | undefined> {
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
  { engine, ...use }: Annotating & { readonly errors: ErrorLog },
): Promise<PreannotateError | undefined> {
  await reportUnlisted(run, use);
  if (engine === undefined) return undefined;

  const { lock, journal, stats } = run;
  await using feed = openFeed(job, run, use);
  await using identical = openIdentical(job, run);
  use.progress.start(feed.known);
  stats.beginImages();
  try {
    // As they finish; the views put them back in order.
    for await (const batch of detectAll(job, { ...use, engine, feed, identical })) {
      await lock.assertHeldSinceHeartbeat();
      await journal.appendAll(batch.flatMap((detected) => toRecords(job, run, detected)));
      const failure = await finishBatch(batch, { feed, stats, errors: use.errors });
      if (failure !== undefined) return failure; // images that workers still have are not waited for
    }
    run.isUnfinished = !(await feed.end());
    run.isTimeOver = use.timeOver.aborted && run.isUnfinished;
    return undefined;
  } finally {
    stats.endImages(engine.times);
    stats.duplicates = identical?.count ?? 0;
    ({ takenPart: run.takenPart, features: stats.features } = engine.status());
    use.progress.stop();
  }
}

/** Folders and files that could not be listed are failures like those of images. */
async function reportUnlisted(
  { found, stats }: RunState,
  { errors, progress }: { readonly errors: ErrorLog; readonly progress: RunProgress },
): Promise<void> {
  for (const { name, failure } of found.failures) {
    await errors.append(name, failure);
    stats.failed++;
    progress.note(failure.message);
  }
}

/** An image, and what became of it. */
interface Detected {
  readonly index: number; // in the order of the feed
  readonly image: ImageFile;
  readonly outcome: ImageOutcome | undefined; // undefined: the feed has ended, and the next run annotates the image
}

/** Gives images to the engine, as many as it has room for, and yields what it gives back as it comes. */
function detectAll(
  { ontology }: Job,
  { engine, feed, identical, signal, ending }: Detecting,
): AsyncIterable<readonly Detected[]> {
  const detecting = AbortSignal.any([signal, ending]);
  setMaxListeners(0, detecting); // every call in flight listens
  let images = 0;
  const limits = { limit: engine.capacity, batchSize: WRITTEN_AT_ONCE };
  return mapInBatches(feed.images(), limits, async (image) => {
    const index = images++;
    const annotate = () => engine.detect(image, ontology, detecting); // decode, infer, map: in a worker
    const outcome = identical?.detect(image, annotate) ?? annotate();
    return { index, image, outcome: await unlessAborted(outcome, ending) };
  });
}

/** What images are annotated with, and until when. */
interface Detecting extends Pick<Annotating, 'signal' | 'ending'> {
  readonly engine: Engine;
  readonly feed: Feed;
  readonly identical: IdenticalImages | undefined;
}

function toRecords({ ontology }: Job, { imageIds }: RunState, { image, outcome }: Detected): ImageRecord[] {
  if (outcome?.ok !== true) return [];
  const result = { ...outcome.result, name: image.name }; // the string that is in memory already
  return [toRecord(result, imageIds.of(image.name), ontology)];
}

/** Counts what is in the journal, and logs what failed. @returns Why the run stops early, if it does. */
async function finishBatch(
  batch: readonly Detected[],
  { feed, stats, errors }: { readonly feed: Feed; readonly stats: RunStats; readonly errors: ErrorLog },
): Promise<PreannotateError | undefined> {
  let failure: PreannotateError | undefined;
  for (const { index, outcome } of batch) {
    if (outcome === undefined) continue;
    if (outcome.ok) errors.remove(outcome.result.name);
    else if (failure === undefined)
      await errors.replace(outcome.name, outcome.failure); // never fatal
    else continue; // as if it had not arrived before the run was stopped
    stats.count(outcome);
    failure = feed.finish(outcome, index);
  }
  return failure;
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
