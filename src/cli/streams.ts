import { setImmediate } from 'node:timers/promises';
import { describeWriteError } from '../disk/write-failure.js';
import { printFailure } from './output.js';

let stdoutError: Error | undefined;

/**
 * Keeps streams that cannot be written from ending the process. What goes to stderr is never worth the work that it is
 * about; on stdout, `preannotate … | head` closes the output early, which is no failure either.
 */
export function guardStreams(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') stdoutError ??= error;
  });
}

/** Reports that a result could not be printed. @returns The exit code. */
export async function checkStdout(exitCode: number): Promise<number> {
  await setImmediate(); // streams report their errors a tick later
  if (stdoutError === undefined) return exitCode;
  printFailure({
    code: 'WRITE_FAILED',
    message: `The result cannot be printed on stdout: ${describeWriteError(stdoutError)}.`,
    hint: 'Everything else is done, and files are complete.',
  });
  return exitCode === 0 ? 1 : exitCode;
}
