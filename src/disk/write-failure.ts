import { messageOf, PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  ENOENT: 'its folder does not exist and cannot be created',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'the file system does not permit it',
  EFBIG: 'the file would be larger than the file system, or the limit of this process, allows',
  EIO: 'the disk reports an error',
  EISDIR: 'a folder has that name',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a part of the path is a file, not a folder',
  ELOOP: 'it is a link that leads back to itself',
  ENXIO: 'a socket or a pipe has that name',
  EMFILE: 'too many files are open; raise the limit with `ulimit -n`',
  ENFILE: 'too many files are open on this machine',
  ENAMETOOLONG: 'the name is too long for the file system',
};

/**
 * Does a step of writing `path`.
 *
 * @throws PreannotateError WRITE_FAILED naming the file and the reason, for errors of the system; others as they are.
 */
export async function withWriteErrors<Result>(path: string, step: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    throw toWriteFailure(path, error);
  }
}

/**
 * Does a step that shows whether `path` can be written at all.
 *
 * @throws PreannotateError OUTPUT_UNUSABLE; WRITE_FAILED on a full disk, which is no reason to choose another folder.
 */
export async function withOutputErrors<Result>(path: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof PreannotateError) throw error;
    const code = systemCodeOf(error) ?? '';
    if (code === 'ENOSPC' || code === 'EDQUOT') throw toWriteFailure(path, error);
    throw new PreannotateError(
      {
        code: 'OUTPUT_UNUSABLE',
        message: `${printable(path)} cannot be written: ${describeWriteError(error)}.`,
        hint: 'Give another output folder, or fix its permissions.',
      },
      error,
    );
  }
}

/** The reason why the system refused to write, in words. */
export function describeWriteError(error: unknown): string {
  return REASONS[systemCodeOf(error) ?? ''] ?? messageOf(error);
}

function toWriteFailure(path: string, error: unknown): unknown {
  const code = systemCodeOf(error);
  const fromSystem = error instanceof Error && 'syscall' in error; // not a bug of ours, which has codes too
  if (code === undefined || !fromSystem) return error;
  return new PreannotateError(
    {
      code: 'WRITE_FAILED',
      message: `${printable(path)}: ${describeWriteError(error)}.`,
      hint: 'What was complete before is unchanged. Fix this and run the same command again: it continues there.',
    },
    error,
  );
}
