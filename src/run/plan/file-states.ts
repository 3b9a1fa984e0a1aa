import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PreannotateError } from '../../core/errors.js';
import type { ImageFile } from '../../core/image.js';
import { mapConcurrent } from '../../core/stream.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { RecordFile, type JournalContents, type JournalEntry } from '../read-journal.js';
import type { Source, Sources } from './sources.js';

const STATS_AT_ONCE = 64; // network file systems answer many at once
const HASHES_AT_ONCE = 4; // each reads a whole file: more would only make a disk seek

/** What a file is, compared with the one that was annotated; undefined: the same. */
export type FileState = Source | { readonly state: 'unreadable' } | undefined;

/** Annotated images, and where their files are. */
interface AnnotatedFiles {
  readonly root: string; // absolute; names are relative to it
  readonly names: readonly string[]; // in the journal
  readonly journal: Pick<JournalContents, 'path' | 'entries'>;
  readonly sources: Sources; // as the last run found them
}

/**
 * Compares files with those that were annotated: by size and time, and by content where only the time differs, as after
 * a copy. A time that was found to mean nothing is not looked into again. The ctime is not used: hard links change it.
 *
 * @param signal - Ends it with its reason.
 */
export async function* compareFiles(
  { root, names, journal, sources }: AnnotatedFiles,
  signal?: AbortSignal,
): AsyncGenerator<{ name: string; state: FileState }> {
  const touched: { name: string; modifiedMs: number }[] = [];
  const stats = mapConcurrent(names, STATS_AT_ONCE, async (name) => {
    signal?.throwIfAborted();
    return { name, ...(await compareStats(resolve(root, name), journal.entries.get(name)!, sources.get(name))) };
  });
  for await (const { name, state, modifiedMs } of stats) {
    if (modifiedMs === undefined) yield { name, state };
    else touched.push({ name, modifiedMs });
  }
  if (touched.length === 0) return;
  await using records = await RecordFile.open(journal.path);
  yield* mapConcurrent(touched, HASHES_AT_ONCE, async ({ name, modifiedMs }) => {
    const entry = journal.entries.get(name)!;
    const { sha256 } = await records.read(entry);
    const hash = await hashFile(resolve(root, name), signal);
    if (hash === undefined) return { name, state: { state: 'unreadable' } as const };
    return { name, state: hash === sha256 ? { state: 'touched', modified_ms: modifiedMs } : changedSince(entry) };
  });
}

/** @returns The time of a file whose content must be compared, else its state. */
async function compareStats(
  path: string,
  entry: JournalEntry,
  source: Source | undefined,
): Promise<{ state: FileState; modifiedMs?: number }> {
  try {
    const stats = await stat(path);
    const modifiedMs = Math.floor(stats.mtimeMs);
    if (!stats.isFile() || stats.size !== entry.sizeBytes) return { state: changedSince(entry) };
    if (modifiedMs === entry.modifiedMs) return { state: undefined };
    const isKnown = source?.state === 'touched' && source.modified_ms === modifiedMs;
    return isKnown ? { state: source } : { state: undefined, modifiedMs };
  } catch {
    return { state: { state: 'unreadable' } }; // annotating it will report what is wrong
  }
}

/**
 * Compares remote images with those that were annotated, by the size and ETag that a listing states. An image that was
 * named, not listed, is not asked for again: it counts as the same.
 */
export function* compareListed(
  images: readonly ImageFile[],
  entries: ReadonlyMap<string, JournalEntry>,
): Generator<{ name: string; state: FileState }> {
  for (const { name, listed } of images) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    const isOther =
      listed !== undefined && (listed.sizeBytes !== entry.sizeBytes || isOtherTag(listed.etag, entry.etag));
    yield { name, state: isOther ? changedSince(entry) : undefined };
  }
}

function isOtherTag(listed: string | undefined, before: string | undefined): boolean {
  return listed !== undefined && before !== undefined && listed !== before;
}

function changedSince({ sizeBytes, modifiedMs, etag }: JournalEntry): Source {
  const before = { size_bytes: sizeBytes, modified_ms: modifiedMs, ...(etag === undefined ? {} : { etag }) };
  return { state: 'changed', ...before };
}

/** @returns undefined when the file cannot be read. */
async function hashFile(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    await using file = await openRegularFile(path);
    const hash = createHash('sha256');
    await pipeline(file.createReadStream({ autoClose: false }), hash, ...(signal === undefined ? [] : [{ signal }]));
    return hash.digest('hex');
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PreannotateError) throw error;
    return undefined;
  }
}
