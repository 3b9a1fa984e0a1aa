import { join } from 'node:path';
import { readLines } from '../disk/lines.js';
import type { OpenedRun } from './open-run.js';

/** How much of its images a run has annotated. */
export interface Extent {
  readonly images: number; // annotated
  readonly found: number;
  readonly failed: number; // images and folders
  readonly status: 'interrupted' | 'done';
}

/** Counts what a run has, from run.json and, where that cannot be used, from the journal and errors.jsonl. */
export async function measureExtent(outDir: string, run: OpenedRun): Promise<Extent> {
  const images = run.journal.entries.size;
  if (run.manifest !== undefined) {
    const { status, counts } = run.manifest;
    const failed = status === 'done' ? counts.failed : await countErrors(outDir);
    // The lock is held, so nothing runs: a killed run leaves the status 'running'.
    return {
      images,
      found: Math.max(counts.found, images),
      failed,
      status: status === 'done' ? 'done' : 'interrupted',
    };
  }
  const found = Math.max(run.scope.found, run.imageIds.size);
  const failed = await countErrors(outDir);
  return { images, found, failed, status: images + failed < found ? 'interrupted' : 'done' };
}

/** `95 of 720 images: the run was stopped` */
export function describeExtent({ images, found, failed, status }: Extent): string {
  if (status === 'interrupted') return `${images} of ${found} images: the run was stopped`;
  if (failed > 0) return `${images} of ${found} images: ${failed} failed`;
  return images === found ? `${images} images` : `${images} of ${found} images: the journal has no others`;
}

async function countErrors(outDir: string): Promise<number> {
  let errors = 0;
  try {
    for await (const { complete } of readLines(join(outDir, 'errors.jsonl'))) if (complete) errors++;
  } catch {
    // Missing, or not a file: it is only counted.
  }
  return errors;
}
