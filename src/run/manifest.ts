import { join } from 'node:path';
import { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { readJsonFile } from '../disk/json.js';
import { StoredOptions } from './header.js';
import { StoredOntology } from './stored-ontology.js';

const FILE = 'run.json';

/** Images, unless noted otherwise. */
const RunCounts = z.object({
  found: z.number(),
  annotated: z.number(), // in the journal now
  resumed: z.number(), // of them, by earlier attempts
  failed: z.number(), // in this attempt; images and folders
  degraded: z.number(), // in this attempt
  skipped: z.number(), // files that are not images by name
  detections: z.number(), // stored in this attempt, before thresholds
});

/** run.json: the job, how far it is, and its counts. */
export const RunManifest = z.object({
  preannotate: z.string(), // version
  status: z.enum(['running', 'interrupted', 'done']),
  created: z.string(), // ISO 8601; when the output folder was started
  started: z.string(), // when this attempt was
  finished: z.string().exactOptional(),
  root: z.string(), // absolute; image names are relative to it
  model: z.object({ reference: z.string(), sha256: z.string() }),
  ontology: StoredOntology,
  selection: z.record(z.string(), z.unknown()), // what the views show, as config/selection.ts writes and reads it
  formats: z.array(z.string()),
  options: StoredOptions,
  counts: RunCounts,
  timings: z.record(z.string(), z.number()), // of this attempt; stages are sums over all workers
});
export type RunManifest = z.output<typeof RunManifest>;

export async function writeManifest(outDir: string, manifest: RunManifest): Promise<void> {
  await replaceFile(join(outDir, FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** @throws PreannotateError INPUT_NOT_FOUND when the folder holds no run, JOURNAL_DAMAGED when run.json is damaged. */
export async function readManifest(outDir: string): Promise<RunManifest> {
  const path = join(outDir, FILE);
  const manifest = await readJsonFile(path, RunManifest, {
    code: 'JOURNAL_DAMAGED',
    hint: 'Restore the file from a copy, or run the same `preannotate run` again: it writes a new one.',
  });
  if (manifest !== undefined) return manifest;
  throw new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(path)} does not exist.`,
    hint: 'Give the output folder of `preannotate run`.',
  });
}
