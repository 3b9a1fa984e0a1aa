import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { specOf } from '../../core/ontology.js';
import { replaceFile } from '../../disk/atomic.js';
import { readJsonFile } from '../../disk/json.js';
import { BUILTIN, findLocalFolder } from '../../model/source.js';
import type { EngineInput, EngineJob } from '../../workers/start-engine.js';
import type { FetchSettings } from '../../images/remote/fetch-settings.js';
import type { RequestedPrecision } from '../../core/precision.js';
import type { QueueSettings } from '../redis/connection.js';
import { MAX_CHUNK_IMAGES, type Registration, type RunDescription } from '../protocol.js';

/** A run with fewer images than this for each chunk has smaller ones, so that all its workers get some. */
const CHUNKS_A_RUN = 64;

const FILE = '.preannotate/queue.json';

/**
 * The id of a run, which its folder keeps, so that a producer that was killed is the same run when it is started again.
 * A copy of the folder elsewhere is another run.
 *
 * @throws PreannotateError WRITE_FAILED
 */
export async function readRunId(outDir: string): Promise<string> {
  const path = join(outDir, FILE);
  const stored = await readJsonFile(path, z.object({ id: z.string().min(8) }), {
    code: 'OUTPUT_UNUSABLE',
    hint: 'Remove the file: the run then gets a new number in the queue.',
  });
  const id = stored?.id ?? randomBytes(16).toString('hex');
  if (stored === undefined) await replaceFile(path, `${JSON.stringify({ id })}\n`);
  return createHash('sha256')
    .update([id, hostname(), resolve(outDir)].join('\n'))
    .digest('hex')
    .slice(0, 16);
}

/** A run whose images are handed out. */
export interface QueuedJob extends EngineJob {
  readonly version: string; // of preannotate
  readonly outDir: string; // absolute
  readonly model: string; // reference
  readonly precision: RequestedPrecision;
  readonly queue: QueueSettings;
  readonly fetch: FetchSettings; // of remote images, as this machine does; workers have their own
}

/** How a run is described to workers. */
export function describeRun(
  job: QueuedJob,
  { model, images, imageFolder, hosts }: EngineInput,
  key: string,
): { description: RunDescription; registration: Registration } {
  const { optimizer: _, ...worker } = job.worker; // each worker's own, as its devices are
  const folder = job.model === BUILTIN.reference ? undefined : findLocalFolder(job.model);
  const description: RunDescription = {
    key,
    model: {
      reference: folder ?? job.model,
      isFolder: folder !== undefined,
      sha256: model.sha256,
      key: model.key,
      precision: job.precision,
    },
    ontology: specOf(job.ontology),
    places: job.places,
    allowTruncate: job.allowTruncate,
    form: job.form,
    worker,
    selection: job.selection,
    exampleFolder: job.exampleFolder,
    ...(imageFolder === undefined ? {} : { imageFolder }),
    ...(hosts === undefined ? {} : { hosts }),
    images: Number.isFinite(images) ? images : null,
    chunkImages: Math.min(MAX_CHUNK_IMAGES, Math.ceil(images / CHUNKS_A_RUN)),
  };
  return { description, registration: { version: job.version, key, name: basename(job.outDir) } };
}
