import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PreannotateError } from '../core/errors.js';
import type { OntologySpec } from '../core/ontology.js';
import type { Selection } from '../core/select.js';
import { replaceFile } from '../disk/atomic.js';
import type { JournalHeader } from './header.js';

const FILE = 'run.json';

/** run.json: what ran, with what, and what came of it. */
export interface RunManifest {
  readonly preannotate: string; // version
  readonly status: 'running' | 'interrupted' | 'done';
  readonly created: string; // ISO 8601; when the output folder was begun
  readonly started: string; // when this attempt was
  readonly finished?: string;
  readonly root: string; // absolute; image names are relative to it
  readonly model: { readonly reference: string; readonly sha256: string };
  readonly ontology: OntologySpec;
  readonly selection: Selection; // what the views show; `export` starts from it
  readonly formats: readonly string[];
  readonly options: JournalHeader['options'];
  readonly counts: RunCounts;
  readonly timings: Readonly<Record<string, number>>; // of this attempt; stages are sums over all workers
}

/** Images, unless said otherwise. */
export interface RunCounts {
  readonly found: number;
  readonly annotated: number; // in the journal now
  readonly resumed: number; // of them, by earlier attempts
  readonly failed: number; // in this attempt; images and folders
  readonly degraded: number; // in this attempt
  readonly skipped: number; // files that are not images by name
  readonly detections: number; // stored in this attempt, before thresholds
}

export async function writeManifest(outDir: string, manifest: RunManifest): Promise<void> {
  await replaceFile(join(outDir, FILE), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** @throws PreannotateError INPUT_NOT_FOUND when the folder holds no run. */
export async function readManifest(outDir: string): Promise<RunManifest> {
  const path = join(outDir, FILE);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunManifest;
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'INPUT_NOT_FOUND',
        message: `${path} cannot be read: ${messageOf(error)}.`,
        hint: 'Give the output folder of `preannotate run`.',
      },
      error,
    );
  }
}
