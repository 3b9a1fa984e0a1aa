import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { printable } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import { readJsonFile } from '../../disk/json.js';
import { describeWriteError } from '../../disk/write-failure.js';
import { writePrivateFile } from '../private-file.js';
import type { SavedEdit } from './saved-edit.js';

/** What was kept last, so that the next review can take it back too. */
export interface KeptResult {
  readonly class: string;
  readonly what: string; // was added to it
  readonly edit: SavedEdit;
}

/** What it is the last one of. */
interface KeptPlace {
  readonly outDir: string;
  readonly created: string; // of the run that has it
}

const StoredResult = z.strictObject({
  created: z.string(),
  class: z.string(),
  what: z.exactOptional(z.string()), // not of earlier versions
  path: z.string(), // of the ontology
  before: z.string(),
  after: z.string(),
  former_backup: z.exactOptional(z.base64()),
});

/**
 * Where it cannot be written, only this review can take the result back.
 *
 * @returns A sentence about that, for the user.
 */
export async function storeKept(
  { outDir, created }: KeptPlace,
  { class: name, what, edit }: KeptResult,
): Promise<string | undefined> {
  const { path, before, after, formerBackup } = edit;
  const former = formerBackup === undefined ? {} : { former_backup: formerBackup.toString('base64') };
  const stored: z.input<typeof StoredResult> = { created, class: name, what, path, before, after, ...former };
  try {
    await writePrivateFile(placeOf(outDir), `${JSON.stringify(stored)}\n`);
    return undefined;
  } catch (error) {
    await forgetKept(outDir); // an earlier one is not the last one any more
    return (
      `“${printable(name)}” can be taken back only until this review ends, because ` +
      `${printable(displayPath(placeOf(outDir)))} could not be written: ${describeWriteError(error)}.`
    );
  }
}

/**
 * What an earlier review has kept. It is forgotten where it can no longer be taken back: the ontology, or the run, is
 * another one since.
 *
 * @param file - Absolute path of the run's ontology.
 */
export async function readKept({ outDir, created }: KeptPlace, file: string): Promise<KeptResult | undefined> {
  const refusal = { code: 'JOURNAL_DAMAGED', hint: '' } as const;
  const stored = await readJsonFile(placeOf(outDir), StoredResult, refusal).catch(() => undefined);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (stored?.created !== created || stored.path !== file || stored.after !== text) {
    await forgetKept(outDir);
    return undefined;
  }
  const { class: name, what = `“${name}”`, path, before, after, former_backup: former } = stored;
  const formerBackup = former === undefined ? {} : { formerBackup: Buffer.from(former, 'base64') };
  return { class: name, what, edit: { path, before, after, isWritten: false, ...formerBackup } };
}

/** A folder that can only be read may still have it: then it names another ontology, or another run. */
export async function forgetKept(outDir: string): Promise<void> {
  await rm(placeOf(outDir), { force: true }).catch(() => {});
}

function placeOf(outDir: string): string {
  return join(outDir, '.preannotate', 'kept-result.json');
}
