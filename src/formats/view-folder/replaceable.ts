import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { PreannotateError, systemCodeOf } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { NotAFile, openRegularFile } from '../../disk/regular-file.js';
import type { View } from '../format.js';
import { ViewRecord } from './record/record.js';

const OWN_NAME = 'preannotate'; // in every signature file, near its beginning
const INSPECTED_BYTES = 4096;

/**
 * Refuses a folder that is not a view of preannotate: the output folder may hold a data set of the user.
 *
 * @param signature - Name of the file that identifies a view of this format.
 * @throws PreannotateError OUTPUT_UNUSABLE when the folder holds other files, or the images themselves;
 *   JOURNAL_DAMAGED when the first line of the record of written files is damaged.
 */
export async function assertReplaceable(
  { outDir, root }: Pick<View, 'outDir' | 'root'>,
  signature: string,
): Promise<void> {
  const entries = await entriesOf(outDir);
  if (entries.length === 0) return;
  const holdsImages = root !== undefined && `${root}${sep}`.startsWith(`${await realpath(outDir)}${sep}`);
  if (holdsImages) throw foreignFolderError(outDir, holdsImages);
  const isRecorded = (await new ViewRecord(outDir).header()) !== undefined;
  if (!isRecorded && !(await isOwnFile(join(outDir, signature)))) throw foreignFolderError(outDir, holdsImages);
}

/** Whether a folder holds a view of preannotate. @throws PreannotateError JOURNAL_DAMAGED as for the above. */
export async function isView(outDir: string, signature: string): Promise<boolean> {
  if ((await entriesOf(outDir)).length === 0) return false;
  return (await new ViewRecord(outDir).header()) !== undefined || (await isOwnFile(join(outDir, signature)));
}

/** Reads the whole record of a view that is there. @throws PreannotateError JOURNAL_DAMAGED naming the damaged line. */
export async function assertRecordSound(outDir: string): Promise<void> {
  if ((await entriesOf(outDir)).length > 0) await new ViewRecord(outDir).verify();
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // missing, or not a folder that can be listed: writing will report what is wrong
  }
}

async function isOwnFile(path: string): Promise<boolean> {
  try {
    await using file = await openRegularFile(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(INSPECTED_BYTES), 0, INSPECTED_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead).includes(OWN_NAME);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || error instanceof NotAFile) return false;
    throw error;
  }
}

function foreignFolderError(folder: string, holdsImages: boolean): PreannotateError {
  const what = holdsImages ? 'holds the images themselves' : 'holds files that preannotate did not write';
  return new PreannotateError({
    code: 'OUTPUT_UNUSABLE',
    message: `${printable(folder)} ${what}; writing the annotations there would mix them with those.`,
    hint: 'Move it away and run the same command again, or give another output folder. Annotated images are kept.',
  });
}
