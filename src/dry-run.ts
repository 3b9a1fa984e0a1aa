import type { Failure } from './core/errors.js';
import type { Ontology } from './core/ontology.js';
import type { Discovery } from './images/listing/discover.js';
import { isShard, type Job } from './job.js';
import { findModelHere } from './model/source.js';
import { prepare, type Prepared } from './prepare.js';
import type { RunProgress } from './progress/run-progress.js';
import type { Shard } from './run/choose-images.js';
import { OutputLock } from './run/lock/output-lock.js';
import { describeFeatures, planFilling, withFeaturesAsBegun } from './run-features.js';
import { withPresentViews } from './views/view-choice.js';
import { describeInput } from './workers/start-engine.js';

/** What a run would do. */
export interface JobPlan {
  readonly root: string | undefined; // of remote images there is none
  readonly out: string; // absolute; that of a shard is in <out>/shards
  readonly shard?: Shard;
  readonly found: number;
  readonly finished: number;
  readonly pending: readonly string[];
  readonly changed: readonly string[]; // of them, annotated before, with another content
  readonly gone: readonly string[]; // leave the annotation files
  readonly failures: readonly Failure[];
  readonly left_out: Discovery['leftOut'];
  readonly model: string;
  readonly asked: readonly AskedPrompt[];
  readonly fetches: boolean; // the model must be downloaded first
  readonly notes: readonly string[]; // what was damaged or is gone, and how images come to the model
}

/** The dry run: refuses what the run would refuse, and lists what is left. Writes and downloads nothing. */
export async function planOnly(job: Job, progress: RunProgress): Promise<JobPlan> {
  await OutputLock.assertAvailable(job.outDir, job.takeOver);
  using watcher = progress.download();
  const { precision } = job;
  const finding = { precision, watcher, variables: process.env };
  const begun = await withFeaturesAsBegun(isShard(job) ? job : await withPresentViews(job.outDir, job));
  const prepared = await prepare(begun, () => findModelHere(job.model, finding));
  const { found, model, plan, notes } = prepared;
  const features = model === undefined ? [] : await describeStoring(begun, { ...prepared, model });
  return {
    root: found.root,
    out: job.outDir,
    ...(job.choice.shard === undefined ? {} : { shard: job.choice.shard }),
    found: found.images.length,
    finished: plan.finished,
    pending: plan.pending.map(({ name }) => name),
    changed: plan.changed,
    gone: plan.gone,
    failures: found.failures.map(({ failure }) => failure),
    left_out: found.leftOut,
    model: job.model,
    asked: listAsked(job.ontology),
    fetches: model === undefined,
    notes: [...job.ontologyNotes, ...notes, ...(model === undefined ? [] : describeInput(job, model)), ...features],
  };
}

async function describeStoring(job: Job, prepared: Prepared): Promise<string[]> {
  const filling = await planFilling(job, prepared);
  const added = prepared.plan.pending.length + filling.images.length;
  return [...(await describeFeatures(job, prepared.model, added)), ...filling.notes];
}

/** A prompt as the model sees it. */
export interface AskedPrompt {
  readonly class: string | null; // null for one that is ignored
  readonly prompt: string;
  readonly texts: readonly string[]; // in each template, in canonical form unless the ontology says otherwise
}

/** What the model is asked for each prompt of an ontology. */
export function listAsked({ classes, queries }: Ontology): AskedPrompt[] {
  const prompts = queries.filter(({ example }) => example === undefined);
  return prompts.map(({ classId, prompt, texts }) => ({ class: classes[classId]?.name ?? null, prompt, texts }));
}
