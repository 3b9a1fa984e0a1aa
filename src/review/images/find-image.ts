import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PreannotateError, systemCodeOf } from '../../core/errors.js';
import { describeReadError } from '../../disk/readable-file.js';
import { RequestError } from '../../http/request-error.js';
import type { ImageRecord } from '../../run/record.js';

/** The file of an image of a run, as it is now. */
export interface FoundImage {
  readonly path: string; // absolute
  readonly tag: string; // of its state, for ETag
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/**
 * Finds an image of the journal below the folder of the images. Links are followed, as by the run.
 *
 * @throws RequestError NOT_FOUND, IMAGE_UNREADABLE
 */
export async function findImage({ image: name }: Pick<ImageRecord, 'image'>, root: string): Promise<FoundImage> {
  if (!isBelow(name)) throw new RequestError('NOT_FOUND', `${name} is not below the folder of the images.`);
  const path = join(root, name);
  try {
    const stats = await stat(path);
    if (!stats.isFile()) throw new RequestError('IMAGE_UNREADABLE', `${name} is not a file.`);
    const modifiedMs = Math.floor(stats.mtimeMs);
    const tag = `${stats.size.toString(36)}-${Math.round(stats.mtimeMs).toString(36)}`;
    return { path, tag, sizeBytes: stats.size, modifiedMs };
  } catch (error) {
    if (error instanceof PreannotateError) throw error;
    const isGone = ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '');
    throw isGone
      ? new RequestError('NOT_FOUND', `${name} is not there any more.`)
      : new RequestError('IMAGE_UNREADABLE', `${name} cannot be read: ${describeReadError(error)}.`);
  }
}

/** Whether a name of the journal leads to no other folder. The run writes no other ones. */
function isBelow(name: string): boolean {
  const steps = name.split(/[\\/]/);
  return !name.includes('\0') && steps.every((step) => step !== '..') && steps[0] !== '';
}
