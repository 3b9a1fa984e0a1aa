import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as AskerModule from '../../../src/review/ask/asker.js';
import type * as FindModule from '../../../src/review/ask/find-features.js';
import { findModel } from '../../../src/model/source.js';
import { openRun } from '../../../src/run/open-run.js';
import { ROOT } from '../model/golden.js';

/** What asks a run, as it was built: its workers are processes of the build. */
export async function openAsker(outDir: string, features: string, idleMs?: number): Promise<AskerModule.Asker> {
  const { Asker } = await load<typeof AskerModule>('review/ask/asker.js');
  const { findFeatures } = await load<typeof FindModule>('review/ask/find-features.js');
  const run = await openRun(outDir);
  const { options, model: used } = run.journal.header;
  const watcher = { progress: () => {}, note: () => {} };
  const precision = options.precision ?? 'fp32';
  const model = await findModel(used.reference, { precision, watcher, variables: process.env });
  const found = await findFeatures(features, { model, options });
  if (found === undefined) throw new Error(`${features} has no features of this run`);
  return new Asker({ run, model, features: found, ...(idleMs === undefined ? {} : { idleMs }) });
}

async function load<Module>(path: string): Promise<Module> {
  return (await import(pathToFileURL(join(ROOT, 'dist', path)).href)) as Module;
}
