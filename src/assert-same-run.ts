import type { Fit, RequestedFit } from './core/inference/input-form.js';
import { displayPath } from './disk/display-path.js';
import { toJournalHeader, type Job } from './job.js';
import { traitsOf } from './model/families.js';
import type { Model } from './model/source.js';
import { assertSameOrOfferFeatures } from './run/compare/same-but-prompts.js';
import { withFit } from './run/compare/same-job.js';
import type { JournalHeader } from './run/header.js';
import type { JournalContents } from './run/read-journal.js';

/**
 * Makes sure that a job goes on with what its output folder has.
 *
 * @param model - Undefined for one that must be downloaded first.
 * @throws PreannotateError RESUME_MISMATCH
 */
export function assertSameRun(job: Job, { header, path }: JournalContents, model: Model | undefined): void {
  const where = { ...describePlaces(job), path };
  if (model === undefined) {
    assertSameOrOfferFeatures(header, assumeModel(job, header), where);
    return;
  }
  const fitted = withFit(header, traitsOf(model.checkpoint).fit.unrecorded);
  assertSameOrOfferFeatures(fitted, toJournalHeader(job, model), where);
}

/** Where a job's output and features are, for messages. */
export function describePlaces({ outDir, features }: Job) {
  return {
    outDir: displayPath(outDir),
    features: features && { folder: displayPath(features.folder), dtype: features.dtype },
  };
}

/**
 * Stands in for a model that must be downloaded first, so that everything else about the job can be compared. What
 * depends on its family is taken to be as before, as far as the job leaves it to the family.
 */
function assumeModel(job: Job, { model, options: before }: JournalHeader): JournalHeader {
  const precision = job.precision === 'auto' ? (before.precision ?? 'fp32') : job.precision;
  const { options, ...header } = toJournalHeader(job, { ...model, precision });
  const { example_rule: rule, positions, template_mean: mean, attention } = before;
  const fit = before.fit && assumeFit(job.form.fit, before.fit);
  const assumed = {
    ...(rule === undefined || job.worker.exampleRule === 'transformers' ? {} : { example_rule: rule }),
    ...(fit === undefined ? {} : { fit }),
    ...(positions === undefined || job.form.positions === 'interpolate' ? {} : { positions }),
    ...(mean === undefined ? {} : { template_mean: mean }),
  };
  const { attention: _, ...others } = options;
  const ofPrecision = attention === undefined || precision !== 'int8' ? {} : { attention };
  return { ...header, options: { ...others, ...assumed, ...ofPrecision } };
}

function assumeFit(requested: RequestedFit, before: Fit): Fit {
  if (requested === 'auto') return before;
  return requested === 'letterbox' && before === 'grey' ? before : requested; // some families have it grey
}
