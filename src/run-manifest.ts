import { toStoredSelection } from './config/selection.js';
import { specOf } from './core/ontology.js';
import { compareUtf8 } from './core/text.js';
import { describePart, isShard, type Job, type RunState } from './job.js';
import { toStoredRoot } from './run/image-root.js';
import { toMissingCounts, type RunManifest } from './run/manifest.js';
import { countImages, divideNames } from './run/plan/sources.js';
import { toStoredViewOptions } from './run/view-options.js';

/** The annotated images of a part that it no longer finds. It never lets one go: `merge` names them. */
function listNotFound({ found, journal, plan, stats }: RunState): string[] {
  if (stats.found === found.images.length) return [];
  const names = new Set(found.images.map(({ name }) => name));
  return divideNames(journal.entries, plan.sources)[0]
    .filter((name) => !names.has(name))
    .sort(compareUtf8);
}

/** The content of run.json. */
export function toManifest(job: Job, run: RunState, status: RunManifest['status']): RunManifest {
  const { found, journal, stats } = run;
  const { header } = journal;
  return {
    preannotate: job.version,
    status,
    created: header.created,
    started: stats.started.toISOString(),
    ...(status === 'running' ? {} : { finished: new Date().toISOString() }),
    ...(run.isTimeOver === true ? { stopped_by: 'max_runtime' } : {}),
    ...(found.root === undefined ? {} : toStoredRoot(job.outDir, found.root)),
    model: { reference: job.model, sha256: header.model.sha256 },
    ontology: specOf(job.ontology),
    selection: toStoredSelection(job.statedSelection, job.ontology),
    formats: [...job.formats],
    ...toStoredViewOptions(job),
    choice: job.choice,
    ...describePart(job, found.images, isShard(job) ? listNotFound(run) : []),
    options: header.options,
    counts: toCounts(job, run),
    ...(run.examples.length === 0
      ? {}
      : { examples: [...run.examples], example_folder: toStoredRoot(job.outDir, job.exampleFolder).root }),
    ...(found.leftOut.length === 0 ? {} : { left_out: [...found.leftOut] }),
    ...(run.takenPart === undefined
      ? {}
      : { workers: run.takenPart.map((part) => ({ ...part, devices: [...part.devices] })) }),
    timings: stats.timings(),
  };
}

function toCounts(job: Job, run: RunState): RunManifest['counts'] {
  const { found, journal, plan, stats } = run;
  const { annotated, leftOut } = countImages(journal.entries, plan.sources);
  const havePreviews = run.viewCounts !== undefined && job.previews > 0 && !isShard(job);
  return {
    found: stats.found,
    annotated,
    resumed: Math.max(0, annotated - stats.annotated),
    ...(stats.duplicates > 0 ? { duplicates: stats.duplicates } : {}),
    failed: stats.failed,
    ...(run.failedBefore === undefined ? {} : { failed_before: run.failedBefore }),
    skipped: found.skipped,
    ...run.viewCounts,
    ...(havePreviews ? { previews: Math.min(job.previews, annotated) } : {}),
    ...leftOut,
    ...toMissingCounts(stats.missing),
    ...(stats.features === undefined ? {} : { features: { ...stats.features } }),
  };
}
