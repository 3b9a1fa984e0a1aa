import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import type { ImageFile } from '../../core/image.js';
import { counted, printable } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import { ERRORS_FILE, type LoggedName } from '../error-log.js';
import { JOURNAL_FILE } from '../read-journal.js';

/** What failed in the last run, and is tried again alone. */
export interface FailedImages {
  readonly chosen: readonly ImageFile[];
  readonly names: readonly string[]; // of images and folders, as errors.jsonl has them
}

/** @throws PreannotateError INPUT_NOT_FOUND for a folder that no run has used: nothing can have failed there. */
export async function assertRunBefore(outDir: string): Promise<void> {
  for (const name of [JOURNAL_FILE, ERRORS_FILE]) {
    const file = await stat(join(outDir, name)).catch(() => undefined);
    if (file !== undefined) return;
  }
  throw new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `--retry-failed: there is no earlier run in ${printable(displayPath(outDir))}.`,
    hint: 'Name its output folder with --out, or run without --retry-failed to annotate all images.',
  });
}

/**
 * Chooses the images that failed, and those of folders that could not be listed.
 *
 * @param logged - What errors.jsonl has.
 */
export function chooseFailed(images: readonly ImageFile[], logged: readonly LoggedName[]): FailedImages {
  const names = new Set(logged.map(({ name }) => name));
  const folders = logged.filter(({ isFolder }) => isFolder).map(({ name }) => (name === '.' ? '' : `${name}/`));
  const isChosen = (name: string) => names.has(name) || folders.some((folder) => name.startsWith(folder));
  return { chosen: images.filter(({ name }) => isChosen(name)), names: [...names] };
}

/**
 * How many images and folders had failed: those that a later attempt has annotated do not count.
 *
 * @param pending - What is tried again.
 */
export function countFailed(
  { names }: FailedImages,
  pending: readonly ImageFile[],
  isAnnotated: (name: string) => boolean,
): number {
  const tried = new Set(pending.map(({ name }) => name));
  return names.filter((name) => tried.has(name) || !isAnnotated(name)).length;
}

/** @param pending - How many images are tried again. */
export function describeRetry(failedBefore: number, pending: number): string {
  if (failedBefore === 0) return 'Nothing failed in the last run: no image is tried again.';
  const failed = `${counted(failedBefore, 'image or folder', 'images and folders')} failed in the last run`;
  return `${failed}; ${counted(pending, 'image is', 'images are')} tried again.`;
}
