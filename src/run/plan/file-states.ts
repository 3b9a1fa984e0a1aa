import { createHash } from 'node:crypto';
import { statSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PreannotateError } from '../../core/errors.js';
import type { ImageFile } from '../../core/image.js';
import { mapConcurrent } from '../../core/stream.js';
import { below } from '../../disk/calls/below.js';
import { lookAtAll } from '../../disk/stats/stat-slices.js';
import { openRegularFile } from '../../disk/regular-file.js';
import type { JournalEntries, JournalEntry } from '../entries/entry-table.js';
import { RecordFile } from '../read-journal.js';
import type { Source, Sources } from './sources.js';

const HASHES_AT_ONCE = 4; // each reads a whole file: more would only make a disk seek

const STAT = {
  now: (path: string): Stats | undefined => {
    try {
      return statSync(path);
    } catch {
      return undefined;
    }
  },
  later: (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined),
};

/** What a file is, compared with the one that was annotated; undefined: the same. */
export type FileState = Source | { readonly state: 'unreadable' } | undefined;

/** Annotated images, and where their files are. */
interface AnnotatedFiles {
  readonly root: string; // absolute; names are relative to it
  readonly names: readonly string[]; // in the journal
  readonly journal: { readonly path: string; readonly entries: JournalEntries };
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
  const same: string[] = []; // mostly all of them
  const compared: { name: string; state: FileState }[] = [];
  const touched: { name: string; modifiedMs: number }[] = [];
  await lookAtAll(toFiles(root, names), STAT, ({ name }, stats) => {
    signal?.throwIfAborted();
    const { state, modifiedMs } = compareStats(stats, journal.entries.get(name)!, sources.get(name));
    if (modifiedMs !== undefined) touched.push({ name, modifiedMs });
    else if (state === undefined) same.push(name);
    else compared.push({ name, state });
  });
  for (const name of same) yield { name, state: undefined };
  yield* compared;
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

function* toFiles(root: string, names: readonly string[]): Generator<{ name: string; path: string }> {
  for (const name of names) yield { name, path: below(root, name) };
}

/** @returns The time of a file whose content must be compared, else its state. */
function compareStats(
  stats: Stats | undefined,
  entry: JournalEntry,
  source: Source | undefined,
): { state: FileState; modifiedMs?: number } {
  if (stats === undefined) return { state: { state: 'unreadable' } }; // annotating it will report what is wrong
  const modifiedMs = Math.floor(stats.mtimeMs);
  if (!stats.isFile() || stats.size !== entry.sizeBytes) return { state: changedSince(entry) };
  if (modifiedMs === entry.modifiedMs) return { state: undefined };
  const isKnown = source?.state === 'touched' && source.modified_ms === modifiedMs;
  return isKnown ? { state: source } : { state: undefined, modifiedMs };
}

/**
 * Compares remote images with those that were annotated, by the size and ETag that a listing states. An image that was
 * named, not listed, is not asked for again: it counts as the same.
 */
export function* compareListed(
  images: readonly ImageFile[],
  entries: JournalEntries,
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
