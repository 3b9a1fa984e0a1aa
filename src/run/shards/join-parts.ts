import { createHash } from 'node:crypto';
import { NameList } from '../../core/name-list.js';
import { compareUtf8 } from '../../core/text.js';
import type { Journal } from '../journal.js';
import { readImageList } from '../numbers/image-list.js';
import type { ImageIds } from '../numbers/image-ids.js';
import type { Source, Sources } from '../plan/sources.js';
import type { JournalEntries, JournalEntry } from '../entries/entry-table.js';
import { RecordFile, type JournalContents } from '../read-journal.js';
import type { Part } from './read-part.js';

/** A result of a part that the whole run does not have yet. */
export interface NewResult {
  readonly part: Part;
  readonly name: string;
  readonly entry: JournalEntry;
}

/**
 * The names that all parts have found. Each part lists what it found and what it knew from before: where an image was
 * deleted between two runs of one part, the lists of several parts together tell what is there.
 */
export async function findNames(parts: readonly Part[]): Promise<Set<string>> {
  let names: Set<string> | undefined;
  for (const { folder, scope } of parts) {
    const { images, problem } = await readImageList(folder);
    if (problem !== undefined) continue; // that of another part will do
    const before = names;
    const listed = [...images.keys()];
    names = new Set(before === undefined ? listed : listed.filter((name) => before.has(name)));
    if (hashNames(names) === scope.found_sha256) break;
  }
  return names ?? new Set();
}

/**
 * The names that a part has found, as far as the lists tell: its own also has what was deleted since, which the list
 * of a part that ran later may lack.
 */
export async function findNamesOf(part: Part, all: readonly Part[]): Promise<ReadonlySet<string> | undefined> {
  const { images } = await readImageList(part.folder);
  const isFound = (names: ReadonlySet<string>) => hashNames(names) === part.scope.found_sha256;
  const listed = new Set(images.keys());
  if (isFound(listed)) return listed;
  for (const { folder } of all) {
    const { images: others } = await readImageList(folder);
    const shared = new Set([...listed].filter((name) => others.has(name)));
    if (isFound(shared)) return shared;
  }
  return undefined;
}

function hashNames(names: ReadonlySet<string>): string {
  const hash = createHash('sha256');
  for (const name of [...names].sort(compareUtf8)) hash.update(`${name}\n`);
  return hash.digest('hex');
}

/**
 * Finds the results that a whole run lacks: it may be merged before, or have annotated images itself. Of an image whose
 * file has changed, that of the later file counts.
 */
export function findNewResults(parts: readonly Part[], whole: JournalContents | undefined): NewResult[] {
  const results: NewResult[] = [];
  for (const part of parts) {
    for (const [name, entry] of part.journal.entries) {
      const present = whole?.entries.get(name);
      if (present === undefined || entry.modifiedMs > present.modifiedMs) results.push({ part, name, entry });
    }
  }
  return results;
}

/**
 * Names the images that parts have annotated and no longer find.
 *
 * @param sources - Of the whole run, which may have let them go.
 */
export function noteNotFound(parts: readonly Part[], sources: Sources): string[] {
  const names = parts
    .flatMap(({ scope }) => scope.not_found ?? [])
    .filter((name) => sources.get(name)?.state !== 'gone');
  if (names.length === 0) return [];
  const list = new NameList();
  for (const name of names.sort(compareUtf8)) list.add(name);
  const [images, stay] = names.length === 1 ? ['image is', 'stays'] : ['images are', 'stay'];
  return [
    `${names.length} annotated ${images} no longer found (deleted, renamed or excluded) and ${stay} in the ` +
      `annotation files, with what was decided: ${list.summary}. To leave them out, and to move ` +
      'decisions to renamed images, give the command of the run without --shard after this.',
  ];
}

/** Adds results to a journal, one at a time. @param throwIfStopped - Called before each. */
export async function addResults(
  journal: Journal,
  results: readonly NewResult[],
  { imageIds, throwIfStopped }: { imageIds: ImageIds; throwIfStopped: () => Promise<void> },
): Promise<void> {
  let reading: { part: Part; records: RecordFile } | undefined;
  try {
    for (const { part, name, entry } of results) {
      await throwIfStopped();
      if (reading?.part !== part) {
        await reading?.records[Symbol.asyncDispose]();
        reading = { part, records: await RecordFile.open(part.journal.path) };
      }
      const { replaces: _, ...record } = await reading.records.read(entry);
      await journal.append({ ...record, id: imageIds.of(name) });
    }
  } finally {
    await reading?.records[Symbol.asyncDispose]();
  }
}

/** The state of files as the parts found them, where their results are those of the whole run. */
export function joinSources(parts: readonly Part[], entries: JournalEntries, before: Sources): Map<string, Source> {
  const joined = new Map<string, Source>(before);
  for (const part of parts) {
    for (const [name, source] of part.sources) {
      const [own, whole] = [part.journal.entries.get(name), entries.get(name)];
      const isSame = own?.sizeBytes === whole?.sizeBytes && own?.modifiedMs === whole?.modifiedMs;
      if (own !== undefined && isSame) joined.set(name, source);
    }
  }
  return joined;
}
