import { z } from 'zod';
import { PreannotateError, systemCodeOf } from '../../../core/errors.js';
import { compareUtf8, printable } from '../../../core/text.js';
import { formatLine, isIntact, LinesDigest, parseLineBytes } from '../../../disk/checked-line.js';
import { jsonError } from '../../../disk/json.js';
import { readLineBytes } from '../../../disk/lines.js';
import { Fingerprint } from './fingerprint.js';

const HINT =
  'Restore the file from a copy, or remove it: all files of the view are then moved to .preannotate/changed.';

/** A file that was written into a view. */
const WrittenFile = z.object({
  path: z.string(), // relative to the view, forward slashes
  is: Fingerprint,
  stamp: z.string().exactOptional(), // of the file system: while it is the same, the content is not read again
  rewritten: z.literal(true).exactOptional(), // the stamp is that of a file with another content than was written
  maybe: z.literal(true).exactOptional(), // a process that was killed may have written it, or not
  stays: z.literal(true).exactOptional(), // the user edited or deleted what is there: this goes elsewhere
});
export type WrittenFile = z.output<typeof WrittenFile>;

/** The files that a view has for one image. */
const FileGroup = z.object({
  image: z.string().exactOptional(), // its name; left out for the files of the view as a whole, which come last
  files: z.array(WrittenFile),
});
export type FileGroup = z.output<typeof FileGroup>;

const RecordHeader = z.object({
  view: z.string(),
  preannotate: z.string(), // version
  classes: z.array(z.string()).exactOptional(), // where files name a class by its place in a list
  images: z.union([z.int(), z.literal('all')]).exactOptional(), // where the view has only the first, how many
  layout: z.string().exactOptional(), // where the trees of the view have a subfolder, its name
  relocating: z.int().min(0).exactOptional(), // files are being moved to that layout: those that are so deep are next
});
export type RecordHeader = z.output<typeof RecordHeader>;

/** The first line. @returns undefined when there is no record. */
export async function readRecordHeader(path: string): Promise<RecordHeader | undefined> {
  for await (const { value, number } of readChecked(path)) return parse(RecordHeader, value, { path, number });
  return undefined;
}

/**
 * The groups of a record, in the order of image names.
 *
 * @param digest - Is given every line.
 * @throws PreannotateError JOURNAL_DAMAGED naming the file and the line, also when lines are missing at the end.
 */
export async function* readRecordGroups(path: string, digest?: LinesDigest): AsyncGenerator<FileGroup> {
  let last: FileGroup | undefined;
  let lines = 0;
  for await (const { value, number } of readChecked(path, digest)) {
    lines = number;
    if (number === 1) continue;
    const group = isPlainGroup(value) ? value : parse(FileGroup, value, { path, number });
    if (last !== undefined && compareGroups(last, group) >= 0) throw damagedError({ path, number });
    yield group;
    last = group;
  }
  if (lines > 0 && (last === undefined || last.image !== undefined)) throw damagedError({ path, number: lines + 1 });
}

/** The digest of a record's lines. @returns undefined where one is damaged, or the record cannot be read. */
export async function digestRecord(path: string): Promise<string | undefined> {
  const digest = new LinesDigest();
  try {
    for await (const lines of readLineBytes(path))
      for (const { content } of lines) {
        if (!isIntact(content)) return undefined;
        digest.add(content);
      }
    return digest.value;
  } catch {
    return undefined;
  }
}

/** The content of a record. @param digest - Is given every line. */
export async function* toRecordLines(
  header: RecordHeader,
  groups: AsyncIterable<FileGroup>,
  digest: LinesDigest,
): AsyncGenerator<string, void, undefined> {
  const toLine = (value: object) => {
    const line = formatLine(value);
    digest.add(line);
    return line;
  };
  yield toLine(header);
  for await (const group of groups) yield toLine(group);
}

/** Orders groups by image name; the files of the view as a whole come last. */
export function compareGroups(a: Pick<FileGroup, 'image'>, b: Pick<FileGroup, 'image'>): number {
  if (a.image === undefined || b.image === undefined)
    return Number(a.image === undefined) - Number(b.image === undefined);
  return compareUtf8(a.image, b.image);
}

/** Whether a value is what the schema makes of it, in a fraction of the time: a group without anything unusual. */
function isPlainGroup(value: unknown): value is FileGroup {
  if (typeof value !== 'object' || value === null) return false;
  const { image, files } = value as { image?: unknown; files?: unknown };
  return (
    (image === undefined || typeof image === 'string') &&
    Array.isArray(files) &&
    files.every(isPlainFile) &&
    hasOnly(value, GROUP_FIELDS)
  );
}

const GROUP_FIELDS = new Set(['image', 'files']);
const FILE_FIELDS = new Set(['path', 'is', 'stamp']);
const CONTENT_FIELDS = new Set(['size', 'sha256']);
const LINK_FIELDS = new Set(['link']);

function isPlainFile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { path, is, stamp } = value as { path?: unknown; is?: unknown; stamp?: unknown };
  if (typeof path !== 'string' || typeof stamp !== 'string' || typeof is !== 'object' || is === null) return false;
  if (!hasOnly(value, FILE_FIELDS)) return false;
  const { size, sha256, link } = is as { size?: unknown; sha256?: unknown; link?: unknown };
  if (typeof link === 'string') return hasOnly(is, LINK_FIELDS);
  return Number.isSafeInteger(size) && typeof sha256 === 'string' && hasOnly(is, CONTENT_FIELDS);
}

function hasOnly(value: object, fields: ReadonlySet<string>): boolean {
  for (const field in value) if (!fields.has(field)) return false;
  return true;
}

async function* readChecked(path: string, digest?: LinesDigest): AsyncGenerator<{ value: unknown; number: number }> {
  try {
    for await (const lines of readLineBytes(path))
      for (const { content, number } of lines) {
        const value = parseLineBytes(content);
        if (value === undefined) throw damagedError({ path, number });
        digest?.add(content);
        yield { value, number };
      }
  } catch (error) {
    if (error instanceof PreannotateError) throw error;
    if (systemCodeOf(error) !== 'ENOENT') throw jsonError(path, error, { code: 'JOURNAL_DAMAGED', hint: HINT });
  }
}

interface Place {
  readonly path: string;
  readonly number: number; // of the line, from 1
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, place: Place): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw damagedError(place);
  return result.data;
}

function damagedError({ path, number }: Place): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message:
      `${printable(path)}:${number}: the list of written files was damaged, so that files which were edited can ` +
      'no longer be told from others.',
    hint: HINT,
  });
}
