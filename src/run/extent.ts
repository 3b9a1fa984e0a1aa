import { join } from 'node:path';
import { counted } from '../core/text.js';
import { readLines } from '../disk/lines.js';
import { countChosen, describeChoice, type ImageChoice } from './choose-images.js';
import type { OpenedRun } from './open-run.js';
import { countSources, countShown } from './plan/sources.js';

/** How much of its images a run has annotated. */
export interface Extent {
  readonly images: number; // annotated
  readonly found: number;
  readonly failed: number; // images and folders
  readonly status: 'interrupted' | 'done';
  readonly choice: ImageChoice;
}

/** Counts what a run has, from run.json and, where that cannot be used, from the journal and errors.jsonl. */
export async function measureExtent(outDir: string, run: OpenedRun): Promise<Extent> {
  const images = countShown(run.journal.entries, run.sources);
  const choice = run.scope.choice ?? {};
  if (run.manifest !== undefined) {
    const { status, counts } = run.manifest;
    const failed = status === 'done' ? counts.failed : await countErrors(outDir);
    // The lock is held, so nothing runs: a killed run leaves the status 'running'.
    return {
      images,
      found: Math.max(counts.found, images),
      failed,
      status: status === 'done' ? 'done' : 'interrupted',
      choice,
    };
  }
  const found = Math.max(run.scope.found, run.imageIds.size - countSources(run.sources, 'gone'));
  const failed = await countErrors(outDir);
  const expected = run.scope.part?.chosen ?? countChosen(found, choice);
  return { images, found, failed, status: images + failed < expected ? 'interrupted' : 'done', choice };
}

/**
 * `95 of 720 images: the run was stopped`, `20 of 720 images (--limit 20)`
 *
 * @param shown - How many of the annotated images the files have.
 */
export function describeExtent({ images, found, failed, status, choice }: Extent, shown = images): string {
  if (status === 'interrupted') return `${images} of ${counted(found, 'image')}: the run was stopped`;
  if (failed > 0) return `${shown} of ${counted(found, 'image')} (${failed} failed)`;
  if (images === found) return shown === found ? counted(images, 'image') : `${shown} of ${counted(found, 'image')}`;
  const chosen = describeChoice(choice);
  return `${shown} of ${counted(found, 'image')} (${chosen ?? 'the journal has no others'})`;
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
