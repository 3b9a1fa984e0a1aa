import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { runScenes } from './review-server.js';

/** A run over the sample scenes for all tests of a file or group, which copy it. */
export function sampleRun(): { readonly folder: string; readonly out: string } {
  const made = { folder: '', out: '' };
  beforeAll(async () => {
    made.folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    made.out = await runScenes(made.folder);
  }, 120_000);
  afterAll(() => rm(made.folder, { recursive: true, force: true }));
  return made;
}
