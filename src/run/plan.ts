import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import type { ImageFile } from '../core/image.js';
import { mapConcurrent } from '../core/stream.js';
import { compareUtf8, printable } from '../core/text.js';
import { RecordFile, type JournalContents } from './read-journal.js';

const STATS_AT_ONCE = 64; // network file systems answer many at once

/** Which of the found images are left to annotate. */
export interface Plan {
  readonly pending: readonly ImageFile[];
  readonly finished: number; // found, and already in the journal
  readonly gone: readonly string[]; // annotated, and no longer on disk
}

/** An image in the journal. */
interface FinishedImage extends ImageFile {
  readonly path: string;
}

type ImageState = 'same' | 'changed' | 'gone';

/**
 * Leaves out the images that are in the journal.
 *
 * @param found - The images, and the folder that their names are relative to.
 * @param journal - What earlier attempts finished, if anything.
 * @param isKnown - Whether an earlier attempt found an image of this name.
 * @throws PreannotateError RESUME_MISMATCH when one of them is no longer the file that was annotated.
 */
export async function planRun(
  { root, images: found }: { root: string; images: readonly ImageFile[] },
  journal: JournalContents | undefined,
  isKnown: (name: string) => boolean,
): Promise<Plan> {
  if (journal === undefined) return { pending: found, finished: 0, gone: [] };
  const { entries } = journal;
  const pending = found.filter(({ name }) => !entries.has(name));
  const finished = found.length - pending.length;
  if (finished === 0 && !pending.some(({ name }) => isKnown(name))) throw otherImagesError(journal);
  const foundNames = new Set(found.map(({ name }) => name));
  const annotated = [...entries.keys()].map((name) => ({ name, path: resolve(root, name) }));
  const gone: string[] = [];
  await using records = await RecordFile.open(journal.path);
  const states = mapConcurrent(annotated, STATS_AT_ONCE, async (image) => {
    const isAskedFor = foundNames.has(image.name); // else it may change: it is only shown
    return { image, state: isAskedFor ? await stateOf(image, journal, records) : await presenceOf(image) };
  });
  for await (const { image, state } of states) {
    if (state === 'gone') gone.push(image.name);
    if (state === 'changed') throw contentChangedError(image);
  }
  return { pending, finished, gone: gone.sort(compareUtf8) };
}

/** By size and time; by content where only the time differs, as after a copy. */
async function stateOf(
  { name, path }: FinishedImage,
  journal: JournalContents,
  records: RecordFile,
): Promise<ImageState> {
  const entry = journal.entries.get(name)!;
  try {
    const { size, mtimeMs } = await stat(path);
    if (size !== entry.sizeBytes) return 'changed';
    if (Math.floor(mtimeMs) === entry.modifiedMs) return 'same';
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex') === (await records.read(entry)).sha256 ? 'same' : 'changed';
  } catch (error) {
    if (error instanceof PreannotateError) throw error;
    return isAbsence(error) ? 'gone' : 'changed'; // or cannot be read
  }
}

function presenceOf({ path }: FinishedImage): Promise<ImageState> {
  return stat(path).then(
    () => 'same',
    (error: unknown) => (isAbsence(error) ? 'gone' : 'same'),
  );
}

/** A dangling link is absent too. */
function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '');
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
    hint: 'Give another --out folder for other images, or use --restart to annotate everything again.',
  });
}
