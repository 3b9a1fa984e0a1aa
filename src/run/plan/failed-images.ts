import type { ImageFile } from '../../core/image.js';
import { counted } from '../../core/text.js';
import type { LoggedName } from '../error-log.js';

/** What failed in the last run, and is tried again alone. */
export interface FailedImages {
  readonly chosen: readonly ImageFile[];
  readonly names: readonly string[]; // of images and folders, as errors.jsonl has them
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
