import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, PreannotateError, systemCodeOf } from '../../core/errors.js';
import { compareUtf8, printable } from '../../core/text.js';
import { replaceFile } from '../../disk/atomic.js';
import { formatLine, parseLine } from '../../disk/checked-line.js';
import { readLines } from '../../disk/lines.js';
import type { JournalEntries, JournalEntry } from '../entries/entry-table.js';

const Head = z.object({ sources: z.int().nonnegative() }); // so that missing lines are noticed

/** A file that is not as the journal has it. */
const Source = z.discriminatedUnion('state', [
  z.object({ state: z.literal('gone') }), // its image is left out of the views
  z.object({ state: z.literal('kept') }), // gone as well; its image stays in the views
  // Its content has changed: the result of a file of this size and time is no longer that of the image.
  z.object({
    state: z.literal('changed'),
    size_bytes: z.number(),
    modified_ms: z.number(),
    etag: z.string().exactOptional(), // of a remote image
  }),
  z.object({ state: z.literal('touched'), modified_ms: z.number() }), // the content is the same: it was hashed
]);
export type Source = z.output<typeof Source>;

/** By image name, those of annotated images whose files are not as the journal has them. */
export type Sources = ReadonlyMap<string, Source>;

/** `.preannotate/sources.jsonl`, as far as it can be read. */
export interface SourceList {
  readonly path: string;
  readonly sources: Sources;
  readonly form: 'missing' | 'read';
  readonly problem: string | undefined; // the first thing that is wrong, with file and line
}

/** Whether the views have an image: its file is there, or kept, and the result in the journal is that of the file. */
function isShown(source: Source, entry: Pick<JournalEntry, 'sizeBytes' | 'modifiedMs' | 'etag'>): boolean {
  if (source.state === 'gone') return false;
  return !(
    source.state === 'changed' &&
    source.size_bytes === entry.sizeBytes &&
    source.modified_ms === entry.modifiedMs &&
    source.etag === entry.etag
  );
}

/** Names of the images that the views have, and of those that they leave out, in the order of the journal. */
export function divideNames(entries: JournalEntries, sources: Sources): [shown: string[], hidden: string[]] {
  const shown: string[] = [];
  const hidden: string[] = [];
  for (const name of entries.keys()) {
    const source = sources.get(name);
    (source === undefined || isShown(source, entries.get(name)!) ? shown : hidden).push(name);
  }
  return [shown, hidden];
}

/** How many images the views have. */
export function countShown(entries: JournalEntries, sources: Sources): number {
  return divideNames(entries, sources)[0].length;
}

/** How many images the views have, and how many they leave out: only counts that are not 0, as run.json has them. */
export function countImages(
  entries: JournalEntries,
  sources: Sources,
): { annotated: number; leftOut: { gone?: number; outdated?: number } } {
  const gone = countSources(sources, 'gone');
  const annotated = countShown(entries, sources);
  const outdated = entries.size - gone - annotated;
  return { annotated, leftOut: { ...(gone > 0 ? { gone } : {}), ...(outdated > 0 ? { outdated } : {}) } };
}

/** How many files are in a state. */
export function countSources(sources: Sources, state: Source['state']): number {
  let count = 0;
  for (const source of sources.values()) if (source.state === state) count++;
  return count;
}

/** Reads the list, and leaves out what is damaged. */
export async function readSources(outDir: string): Promise<SourceList> {
  const path = join(outDir, '.preannotate', 'sources.jsonl');
  const sources = new Map<string, Source>();
  let size: number | undefined;
  let problem: string | undefined;
  try {
    for await (const { line, number, complete } of readLines(path)) {
      const value = complete ? parseLine(line) : undefined;
      if (number === 1) size = Head.safeParse(value).data?.sources;
      else if (!addSource(sources, value)) problem ??= `${printable(path)}:${number} was damaged`;
    }
    if (sources.size !== size) problem ??= `${printable(path)} was damaged: lines are missing`;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return { path, sources, form: 'missing', problem: undefined };
    problem = `${printable(path)} cannot be read: ${printable(messageOf(error))}`;
  }
  return { path, sources, form: 'read', problem };
}

/** @returns Whether the line is that of a file, and the only one of it. */
function addSource(sources: Map<string, Source>, value: unknown): boolean {
  const { data: { image } = {} } = z.object({ image: z.string() }).safeParse(value);
  const { data } = Source.safeParse(value);
  if (image === undefined || data === undefined || sources.has(image)) return false;
  sources.set(image, data);
  return true;
}

/** Writes the list, unless it is on disk like this. */
export async function saveSources({ path, ...before }: SourceList, sources: Sources): Promise<void> {
  const isSame = before.problem === undefined && hasSameSources(before.sources, sources);
  if (!isSame) await replaceFile(path, toLines(sources));
}

function hasSameSources(before: Sources, now: Sources): boolean {
  const textOf = (source: Source | undefined) => JSON.stringify(source, ['state', 'size_bytes', 'modified_ms', 'etag']);
  return before.size === now.size && [...now].every(([name, source]) => textOf(before.get(name)) === textOf(source));
}

function* toLines(sources: Sources): Generator<string> {
  yield formatLine({ sources: sources.size } satisfies z.output<typeof Head>);
  const sorted = [...sources].sort(([a], [b]) => compareUtf8(a, b));
  for (const [image, source] of sorted) yield formatLine({ image, ...source });
}

/**
 * Refuses to write views of which it is not known which images they have.
 *
 * @param leftOut - How many images the last run left out, by run.json.
 * @throws PreannotateError JOURNAL_DAMAGED
 */
export function assertSourcesKnown({ path, form, problem }: SourceList, leftOut: number): void {
  const isLost = form === 'missing' && leftOut > 0;
  if (problem === undefined && !isLost) return;
  throw new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${problem ?? `${printable(path)} does not exist`}. It lists images that are gone or have changed.`,
    hint: 'Run the same `preannotate run` again: it lists the images again, and writes the file.',
  });
}
