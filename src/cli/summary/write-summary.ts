import { appendFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { counted, printable } from '../../core/text.js';
import { replaceFile } from '../../disk/atomic.js';
import { makeFolder } from '../../disk/make-folder.js';
import { describeWriteError, withOutputErrors } from '../../disk/write-failure.js';

/** Of all summaries of a step. @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
const MAX_BYTES = 1 << 20;

const VARIABLE = 'GITHUB_STEP_SUMMARY';

/** Where a summary goes. */
export interface SummaryPlaces {
  readonly file: string | undefined; // of --summary
  readonly environment: NodeJS.ProcessEnv;
}

/** Whether a summary is to be written. */
export function wantsSummary({ file, environment }: SummaryPlaces): boolean {
  return file !== undefined || (environment[VARIABLE] ?? '') !== '';
}

/** Makes the folder of --summary before hours of work, not after. @throws PreannotateError OUTPUT_UNUSABLE */
export async function prepareSummary({ file }: SummaryPlaces): Promise<void> {
  if (file !== undefined) await withOutputErrors(file, () => makeFolder(dirname(resolve(file))));
}

/**
 * Writes a summary to the file of --summary, and adds it to that of the step of GitHub Actions.
 *
 * @returns Notes: what GitHub's file could not take fails no job.
 * @throws PreannotateError WRITE_FAILED, OUTPUT_UNUSABLE for the file of --summary
 */
export async function writeSummary(markdown: string, { file, environment }: SummaryPlaces): Promise<string[]> {
  if (file !== undefined) await replaceFile(resolve(file), markdown);
  const step = environment[VARIABLE] ?? '';
  if (step === '' || (file !== undefined && resolve(file) === resolve(step))) return [];
  try {
    const size = await stat(step).then(
      (stats) => stats.size,
      () => 0,
    );
    const added = Buffer.byteLength(markdown) + 1;
    if (size + added > MAX_BYTES)
      return [`${VARIABLE} has ${counted(size, 'byte')} already: the summary is left out, GitHub shows 1 MiB.`];
    await appendFile(step, `${markdown}\n`);
    return [];
  } catch (error) {
    return [`${printable(step)} (${VARIABLE}) cannot be written: ${describeWriteError(error)}.`];
  }
}
