import { loadOptions } from '../config/program-options.js';
import { problemsError } from '../config/problems.js';
import { RunConfig } from '../config/schema.js';
import { exceedsBudget } from '../jobs/exceeds-budget.js';
import { createRunJob } from '../jobs/run-job.js';
import { annotate } from '../pipeline.js';
import { streamErrors } from '../run/error-log.js';
import type { RunManifest } from '../run/manifest.js';
import { toBoxCounts } from './box-counts.js';
import { ReportedProgress } from './reported-progress.js';
import type { AnnotateOptions, AnnotateResult, ImageFailure } from './run-types.js';

/** Failures that a result has itself. */
const LISTED_FAILURES = 1000;

/** Options that are about the output of a command, or do nothing. */
const LEFT_OUT = ['json', 'quiet', 'verbose', 'progress', 'logFormat', 'summary', 'junit', 'dryRun', 'resume'];

/** A batch run. @throws PreannotateError for what `preannotate run` refuses; the signal's reason */
export async function annotateImages(options: AnnotateOptions): Promise<AnnotateResult> {
  const { paths, signal, onProgress, onNote, onDownload, ...settings } = options;
  signal?.throwIfAborted();
  const inputs = readPaths(paths);
  const loaded = await loadOptions(RunConfig, { ...settings }, LEFT_OUT);
  const progress = new ReportedProgress({ onProgress, onNote, onDownload });
  const stop = AbortSignal.any([progress.failed, ...(signal === undefined ? [] : [signal])]);
  const job = await createRunJob(inputs, loaded);
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

/** Programs in JavaScript give anything. */
function readPaths(paths: unknown): string[] {
  const inputs: unknown[] = Array.isArray(paths) ? paths : [paths];
  if (inputs.length > 0 && inputs.every((path) => typeof path === 'string' && path !== '')) return inputs as string[];
  const message = 'paths must be a folder, a file, a glob or an address, or a list of them.';
  throw problemsError('CONFIG_INVALID', [{ message, advice: "For example paths: 'photos'." }]);
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
    failures.push(failure);
  }
  return failures;
}
