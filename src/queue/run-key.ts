import { specOf } from '../core/ontology.js';
import { sha256Of } from '../disk/cache.js';
import { formOf } from '../model/input-form.js';
import type { Model } from '../model/source.js';
import type { EngineJob } from '../workers/start-engine.js';

/** What decides the results of a run, as both sides have it. */
type Deciding = Pick<EngineJob, 'ontology' | 'allowTruncate' | 'form'> & { readonly worker: EngineJob['worker'] };

/** A hash of everything that decides what a run finds: a result under another key is of another run. */
export function runKeyOf(version: string, job: Deciding, model: Model): string {
  const { optimizer: _, ...worker } = job.worker; // each worker's own, as its devices are
  const { sha256, key, precision } = model;
  const facts = {
    version,
    model: { sha256, key, precision },
    ontology: specOf(job.ontology),
    allowTruncate: job.allowTruncate,
    form: formOf(job, model),
    worker,
  };
  return sha256Of(JSON.stringify(facts, sortKeys));
}

/** Redis has given back what was sent in another order. */
function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
