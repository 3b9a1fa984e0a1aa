import { loadOptions } from '../config/program-options.js';
import { RunConfig } from '../config/schema.js';
import { exceedsBudget } from '../jobs/exceeds-budget.js';
import { createRunJob } from '../jobs/run-job.js';
import { startedByProgram } from '../jobs/started-by.js';
import { annotate } from '../pipeline.js';
import { streamErrors } from '../run/error-log.js';
import type { RunManifest } from '../run/manifest.js';
import { toBoxCounts } from './box-counts.js';
import { readCallOptions, readPaths } from './call-options.js';
import { inProgramWords, OUTPUT_OPTIONS, toProgramFailure } from './program-words.js';
import { ReportedProgress } from './reported-progress.js';
import type { AnnotateOptions, AnnotateResult, ImageFailure } from './run-types.js';

/** Failures that a result has itself. */
const LISTED_FAILURES = 1000;

/** Options of the call beside settings. */
const OF_CALL = ['paths', 'signal', 'onProgress', 'onNote', 'onDownload'];

/** A batch run. @throws PreannotateError for what `preannotate run` refuses; the signal's reason */
export async function annotateImages(options: AnnotateOptions): Promise<AnnotateResult> {
  return await inProgramWords(options, async () => await runJob(options));
}

async function runJob(options: AnnotateOptions): Promise<AnnotateResult> {
  const given = readCallOptions(options, "{ paths: 'photos', ontology: 'emoji' }");
  const { paths, signal, onProgress, onNote, onDownload, ...settings } = given;
  const loaded = await loadOptions(RunConfig, { ...settings }, { leftOut: OUTPUT_OPTIONS, ofCall: OF_CALL });
  const inputs = readPaths(paths);
  const progress = new ReportedProgress({ onProgress, onNote, onDownload }, given);
  const stop = AbortSignal.any([progress.failed, ...(signal === undefined ? [] : [signal])]);
  const job = { ...(await createRunJob(inputs, loaded)), ...startedByProgram(inputs, loaded, settings) };
  const manifest = await annotate(job, progress, stop);
  progress.failed.throwIfAborted(); // of a watch, which ends without an error
  const { counts } = manifest;
  return {
    outDir: job.outDir,
    status: manifest.status === 'done' ? 'done' : 'unfinished',
    found: counts.found,
    annotated: counts.annotated,
    resumed: counts.resumed,
    failed: counts.failed,
    ...toBoxCounts(counts),
    exceedsMaxErrors: exceedsBudget(loaded.settings.maxErrors, manifest),
    ...toMissing(counts),
    failures: await listFailures(job.outDir),
  };
}

/** Files of views that could not be made. */
export function toMissing({
  missing_previews: missingPreviews = 0,
  missing_copies: missingCopies = 0,
}: Pick<RunManifest['counts'], 'missing_previews' | 'missing_copies'>): Pick<
  AnnotateResult,
  'missingPreviews' | 'missingCopies'
> {
  return { missingPreviews, missingCopies };
}

async function listFailures(outDir: string): Promise<ImageFailure[]> {
  const failures: ImageFailure[] = [];
  for await (const failure of streamErrors(outDir)) {
    if (failures.length >= LISTED_FAILURES) break;
    failures.push(toProgramFailure(failure));
  }
  return failures;
}
