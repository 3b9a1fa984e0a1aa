import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PreannotateError } from '../core/errors.js';
import type { ImageFile } from '../core/image.js';
import { mapConcurrent } from '../core/stream.js';
import { printable } from '../core/text.js';
import { RecordFile, type JournalContents } from './journal.js';

const STATS_AT_ONCE = 64; // network file systems answer many at once

/** Which of the found images are left to annotate. */
export interface Plan {
  readonly pending: readonly ImageFile[];
  readonly finished: number; // found, and already in the journal
}

/** An image in the journal. */
interface FinishedImage extends ImageFile {
  readonly path: string;
}

/**
 * Leaves out the images that are in the journal.
 *
 * @param found - The images, and the folder that their names are relative to.
 * @param journal - What earlier attempts finished, if anything.
 * @throws PreannotateError RESUME_MISMATCH when one of them is no longer the file that was annotated.
 */
export async function planRun(
  { root, images: found }: { root: string; images: readonly ImageFile[] },
  journal: JournalContents | undefined,
): Promise<Plan> {
  if (journal === undefined) return { pending: found, finished: 0 };
  const finished = found.filter(({ name }) => journal.entries.has(name));
  if (finished.length === 0) throw otherImagesError(journal);
  await assertUnchanged(
    finished.map(({ name }) => ({ name, path: resolve(root, name) })),
    journal,
  );
  return { pending: found.filter(({ name }) => !journal.entries.has(name)), finished: finished.length };
}

async function assertUnchanged(images: readonly FinishedImage[], journal: JournalContents): Promise<void> {
  await using records = await RecordFile.open(journal.path);
  const changes = mapConcurrent(images, STATS_AT_ONCE, async (image) =>
    (await isUnchanged(image, journal, records)) ? undefined : image,
  );
  for await (const changed of changes) {
    if (changed !== undefined) throw contentChangedError(changed);
  }
}

/** By size and time; by content where only the time differs, as after a copy. */
async function isUnchanged(
  { name, path }: FinishedImage,
  journal: JournalContents,
  records: RecordFile,
): Promise<boolean> {
  const entry = journal.entries.get(name)!;
  const now = await stat(path).catch(() => undefined); // removed since it was listed, or a dangling link
  if (now === undefined) return false;
  const { size, mtimeMs } = now;
  if (size !== entry.sizeBytes) return false;
  if (Math.floor(mtimeMs) === entry.modifiedMs) return true;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === (await records.read(entry)).sha256;
}

function contentChangedError({ path }: FinishedImage): PreannotateError {
  return new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${printable(path)} is not the file that was annotated before: it has changed, or can no longer be read.`,
    hint: 'Restore the original file, give another --out folder, or use --restart to annotate everything again.',
  });
}

function otherImagesError({ path, entries }: JournalContents): PreannotateError {
  return new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${path} holds ${entries.size} images, none of which is among those found now.`,
    hint: 'Give another --out folder for other images, or use --restart to discard the results.',
  });
}
