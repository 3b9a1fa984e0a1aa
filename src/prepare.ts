import type { SeenExample } from './core/seen-example.js';
import { assertSameRun, describePlaces } from './assert-same-run.js';
import { selectCovered } from './images/listing/coverage.js';
import { discover, type Discovery } from './images/listing/discover.js';
import { isTemporary } from './images/listing/endings.js';
import { areRemote, discoverRemote, selectCoveredRemote } from './images/remote/discover-remote.js';
import { assertNoLists } from './images/remote/url-list.js';
import { isShard, type Job } from './job.js';
import { assertApart } from './features/folder.js';
import { formOf } from './model/input-form.js';
import { assertGivesFeatures } from './model/features/require-features.js';
import { assertGivesObjectness } from './model/objectness.js';
import type { Model } from './model/source.js';
import { chooseImages, describeChoice } from './run/choose-images.js';
import { readClasses, type KnownClasses } from './run/numbers/classes.js';
import { resolveRoot } from './run/image-root.js';
import { assertClassesKeptOrOfferFeatures } from './run/compare/same-but-prompts.js';
import { ImageIds } from './run/numbers/image-ids.js';
import { readFailed } from './run/error-log.js';
import { readImageList, type ImageList } from './run/numbers/image-list.js';
import { readManifest, type RunManifest } from './run/manifest.js';
import { assertOwnFilesReplaceable } from './run/own-files.js';
import { readHeader, readJournal, tornNote, type JournalContents } from './run/read-journal.js';
import type { EarlierWork, FoundImages } from './run/plan/earlier-work.js';
import {
  assertRunBefore,
  chooseFailed,
  countFailed,
  describeRetry,
  type FailedImages,
} from './run/plan/failed-images.js';
import { describeSources } from './run/plan/missing.js';
import { planRun, type Plan } from './run/plan/plan.js';
import { readSources, type SourceList } from './run/plan/sources.js';
import { assertNoParts, describeParts } from './run/shards/part-notes.js';
import { readReview } from './run/review/read-review.js';
import { readSplits } from './run/split/splits-file.js';
import { assertViewsReplaceable } from './views/view-choice.js';
import { assertOptimizerAvailable } from './workers/devices/choose-devices.js';

/** What is known before the first image is annotated. */
export interface Prepared<Found extends Model | undefined = Model> {
  readonly found: Discovery;
  readonly model: Found;
  readonly earlier: JournalContents | undefined; // what earlier attempts at the job finished, if anything
  readonly plan: Plan;
  readonly sources: SourceList; // as the last run found the files; the plan has what this one finds
  readonly classes: KnownClasses;
  readonly examples: readonly SeenExample[]; // of the ontology, as an earlier run reported them
  readonly imageIds: ImageIds; // of all images that were found or are in the journal
  readonly failedBefore?: number; // in the last run, where only what failed there is tried again
  readonly notes: readonly string[]; // what was damaged or is gone, and what follows from it
}

/**
 * Refuses a job that cannot be done, finds images and model, and plans what is left. Writes nothing to the output
 * folder, which the caller has locked unless it only makes a plan.
 *
 * @param find - Finds the model. Where it may not download one, it returns undefined for a model that is not here.
 * @param signal - Ends reading images again whose times have changed, with its reason.
 * @throws PreannotateError for everything that a run refuses before it starts workers.
 */
export async function prepare<Found extends Model | undefined>(
  job: Job,
  find: () => Promise<Found>,
  signal?: AbortSignal,
): Promise<Prepared<Found>> {
  await assertReady(job);
  const found = await discoverImages(job, signal);
  await assertFolderUsable(job, found.root);
  const before = await readHeader(job.outDir);
  const classes = await readClasses(job.outDir, before);
  assertClassesKeptOrOfferFeatures(classes, job.ontology.classes, { places: describePlaces(job), before });
  const earlier = await readEarlier(job);
  if (earlier === undefined && !job.restart && !isShard(job)) await assertNoParts(job.outDir);
  const model = await find();
  if (model !== undefined) assertGivesJob(job, model);
  if (earlier !== undefined) assertSameRun(job, earlier, model);
  const imageList = await readImageList(job.outDir, earlier && ((name) => earlier.entries.own(name)));
  const manifest = await readUsableManifest(job);
  const sources = await readSources(job.outDir);
  const failed = job.retryFailed ? chooseFailed(found.images, await readFailed(job.outDir)) : undefined;
  const earlierWork = earlier && describeEarlier(job, earlier, { manifest, list: sources, imageList });
  const plan = await planRun(findAmong(found, job, failed), earlierWork, { rule: job.missing, signal });
  const failedBefore = failed && countFailed(failed, plan.pending, (name) => earlier?.entries.has(name) === true);
  const imageIds = ImageIds.from({
    list: imageList,
    journal: job.restart ? await readDiscarded(job) : earlier,
    found: found.images.map(({ name }) => name),
    isPublished: classes.isPublished,
    wasFinished: manifest?.status === 'done',
    restarts: job.restart,
  });
  const examples = selectReported(job, manifest);
  const known = { found, model, earlier, plan, sources, classes, examples, imageIds };
  const prepared = failedBefore === undefined ? known : { ...known, failedBefore };
  return { ...prepared, notes: await collectNotes(job, prepared) };
}

/** What can be refused without looking at images. */
async function assertReady(job: Job): Promise<void> {
  if (job.queue === undefined) assertOptimizerAvailable(job.worker.optimizer); // else workers have their own
  if (job.retryFailed) await assertRunBefore(job.outDir);
  if (job.features !== undefined) await assertApart(job.features.folder, job.outDir);
}

/** Makes sure that nothing in the output folder keeps the run from its end. */
async function assertFolderUsable(job: Job, root: string | undefined): Promise<void> {
  await assertViewsReplaceable(job, root);
  await assertOwnFilesReplaceable(job.outDir);
  await readReview(job.outDir); // is it sound? The views need it at the end
  if (job.split !== undefined && !job.reassign && !isShard(job)) await readSplits(job.outDir); // is it sound?
}

function describeEarlier(
  { outDir }: Job,
  journal: JournalContents,
  { manifest, list, imageList }: { manifest: RunManifest | undefined; list: SourceList; imageList: ImageList },
): EarlierWork {
  const scope = manifest ?? journal.header.run;
  return {
    journal,
    list,
    root: scope?.root === undefined ? undefined : resolveRoot(outDir, { root: scope.root }),
    isKnown: (name) => imageList.images.has(name),
  };
}

async function collectNotes(
  { outDir, choice }: Job,
  { found, earlier, plan, sources, classes, imageIds, failedBefore }: Omit<Prepared<Model | undefined>, 'notes'>,
): Promise<string[]> {
  return [
    ...found.notes,
    ...(failedBefore === undefined ? [] : [describeRetry(failedBefore, plan.pending.length)]),
    ...(earlier?.torn === true ? [tornNote(earlier.path)] : []),
    ...classes.notes,
    ...imageIds.notes,
    ...sourceNotes(sources),
    ...describeSources(plan),
    ...(await describeParts(outDir, choice, earlier === undefined)),
  ];
}

/** @throws PreannotateError CONFIG_INVALID for a model that does not give what is asked of it. */
function assertGivesJob(job: Job, model: Model): void {
  const { fit } = formOf(job, model);
  assertGivesObjectness(model, job.worker.minObjectness);
  if (job.features !== undefined) assertGivesFeatures(model, fit);
}

/** What is there now, and what of it the job is about. */
export async function listImages(job: Job, signal?: AbortSignal): Promise<{ found: Discovery; images: FoundImages }> {
  const found = await discoverImages(job, signal);
  return { found, images: findAmong(found, job, undefined) };
}

/** A watch leaves files alone that are given another name when they are complete. */
async function discoverImages({ inputs, discovery, fetch, watch }: Job, stop?: AbortSignal): Promise<Discovery> {
  const signal = stop ?? new AbortController().signal;
  const isRemote = areRemote(inputs);
  if (!isRemote) await assertNoLists(inputs);
  const found = isRemote
    ? await discoverRemote(inputs, discovery, { fetch, signal })
    : await discover(inputs, discovery);
  return watch ? { ...found, images: found.images.filter(({ name }) => !isTemporary(name)) } : found;
}

/** A part of the images says nothing about the others. */
function findAmong(found: Discovery, { choice }: Job, failed: FailedImages | undefined): FoundImages {
  const { root, images, remote } = found;
  const isPart = failed !== undefined || describeChoice(choice) !== undefined;
  const selectNone = () => new Set<string>();
  const covered = (names: readonly string[]) =>
    remote === undefined ? selectCovered({ ...found, root: root! }, names) : selectCoveredRemote(remote, names);
  return {
    root,
    images,
    chosen: failed?.chosen ?? chooseImages(images, choice),
    selectCovered: isPart ? selectNone : covered,
  };
}

/** A journal without images binds to no job: the run begins a new one. */
async function readEarlier({ outDir, restart }: Job): Promise<JournalContents | undefined> {
  const journal = restart ? undefined : await readJournal(outDir);
  return journal?.entries.size === 0 ? undefined : journal;
}

/** What an earlier run of the job reported of its examples; none after a run of another job, or of version 0.1. */
function selectReported({ ontology, restart }: Job, manifest: RunManifest | undefined): readonly SeenExample[] {
  const labels = ontology.queries.flatMap(({ prompt, example }) => (example === undefined ? [] : [prompt]));
  const reported = restart ? [] : (manifest?.examples ?? []);
  return labels.join('\n') === reported.map(({ example }) => example).join('\n') ? reported : [];
}

/** With restart, a journal is needed for the numbers of its images alone. */
async function readDiscarded({ outDir }: Job): Promise<JournalContents | undefined> {
  try {
    return await readJournal(outDir);
  } catch {
    return undefined; // damaged: the list has the numbers
  }
}

async function readUsableManifest({ outDir }: Job): Promise<RunManifest | undefined> {
  try {
    return await readManifest(outDir);
  } catch {
    return undefined; // damaged: this run writes a new one
  }
}

function sourceNotes({ problem }: SourceList): string[] {
  return problem === undefined ? [] : [`${problem}; what it had of images that are gone is found again, if possible.`];
}
