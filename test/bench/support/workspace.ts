import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What benchmarks keep between runs: the full-size checkpoint, its export, the product's own cache. Safe to delete. */
export const CACHE = join(tmpdir(), 'preannotate-bench');

/** What a question is asked with. */
export interface Bench {
  readonly folder: string; // for this run's images and results; it goes when the run ends
  readonly quick: boolean; // fewer images and rounds, for a look rather than for figures to cite
  readonly abortShare: number; // of requests whose clients leave, where a question is about these
}

/** Gives a folder to `use`, and removes it afterwards, also when the benchmark is stopped with Ctrl-C. */
export async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'preannotate-bench-run-'));
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(exitCode);
    });
  }
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
