import {
  existsSync,
  lstat as lstatCallback,
  readdir as readdirCallback,
  stat as statCallback,
  type Dirent,
} from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import fastGlob from 'fast-glob';
import { messageOf, PreannotateError, systemCodeOf, type Failure } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { findNearestPath } from '../../disk/nearest.js';
import { assertExpandable, assertMatchable, isCostly } from '../globs/glob-limits.js';
import { REPLACEMENT_CHARACTER } from './invalid-names.js';

const STATE_FOLDER = '.preannotate'; // of a run, in its output folder
const OUTPUT_MARK = 'images.jsonl'; // in it, before the first view is written

/** How folders are listed. */
export interface ListOptions {
  readonly recursive: boolean;
  readonly exclude: readonly string[]; // globs, relative to the root
  readonly outputFolders: readonly string[]; // left out where a run wrote them: images there are copies and links
}

/** One input, resolved: what to list where. */
export type Listing =
  | { readonly kind: 'folder'; readonly base: string }
  | { readonly kind: 'file'; readonly base: string; readonly file: string }
  // The base as the user gave it.
  | { readonly kind: 'glob'; readonly base: string; readonly pattern: string; readonly written: string };

/** Folders that could not be listed, by their real paths. */
export type Unreadable = Map<string, Failure>;

/** @throws PreannotateError INPUT_NOT_FOUND; USAGE for a glob with too many alternatives. */
export async function resolveInput(input: string): Promise<Listing> {
  const path = resolve(input);
  try {
    const entry = await lstat(path);
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path))))
      return { kind: 'folder', base: await realpath(path) };
    return { kind: 'file', base: await realpath(dirname(path)), file: basename(path) };
  } catch (error) {
    const isMissing = ['ENOENT', 'ENAMETOOLONG'].includes(systemCodeOf(error) ?? '');
    if (!isMissing || !fastGlob.isDynamicPattern(input)) throw await inputNotFoundError(input, error);
    return resolveGlob(input, error);
  }
}

/** @param missing - The error that no such file exists: the reason to report where it is not a glob either. */
async function resolveGlob(pattern: string, missing: unknown): Promise<Listing> {
  assertExpandable(pattern);
  // One for each alternative in braces; none for a pattern that only excludes.
  const tasks = fastGlob.generateTasks(pattern);
  if (tasks.length === 0) throw await inputNotFoundError(pattern, missing);
  const written = findCommonFolder(tasks.map(({ base }) => resolve(base)));
  try {
    return { kind: 'glob', base: await realpath(written), pattern, written };
  } catch (error) {
    throw await inputNotFoundError(pattern, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(await realpath(path))).isDirectory();
  } catch {
    return false; // a dangling link: reading it will fail
  }
}

/** @returns The files of the listing, relative to its base. */
export async function listFiles(
  listing: Listing,
  { root, options, unreadable }: { root: string; options: ListOptions; unreadable: Unreadable },
): Promise<string[]> {
  if (listing.kind === 'file') return [listing.file];
  const { base } = listing;
  const written = listing.kind === 'glob' ? listing.written : base;
  const onUnreadable = (path: string, error: unknown) =>
    unreadable.set(join(base, relative(written, path)), folderFailure(path, error));
  const fs = { readdir: makeReaddir(options.outputFolders, onUnreadable), lstat: lstatCallback, stat: statCallback };
  const common = { dot: false, onlyFiles: false, followSymbolicLinks: false, objectMode: true, fs } as const;
  // Excluded folders need not be entered. Globs are relative to the root: below it, they are only applied afterwards.
  const ignore = base === root ? options.exclude.filter((glob) => !isCostly(glob)) : [];
  if (listing.kind === 'glob' && isCostly(listing.pattern)) await tryMatching(listing);
  const entries =
    listing.kind === 'glob'
      ? await fastGlob(listing.pattern, common) // relative to the working folder, or absolute
      : await fastGlob(options.recursive ? '**/*' : '*', { ...common, cwd: base, ignore });
  const files = entries.filter(({ dirent }) => !dirent.isDirectory()).map(({ path }) => path);
  return listing.kind === 'glob' ? files.map((path) => relative(written, resolve(path))) : files;
}

/** Lists what a costly glob may be matched with, and matches it where that can be stopped. */
async function tryMatching({ pattern, written }: Listing & { kind: 'glob' }): Promise<void> {
  const deep = pattern.includes('**') ? Infinity : pattern.split('/').length;
  const options = { cwd: written, deep, dot: true, onlyFiles: false, followSymbolicLinks: false, suppressErrors: true };
  const names = await fastGlob('**/*', options);
  const lead = isAbsolute(pattern) ? written : relative(process.cwd(), written);
  const paths = names.map((name) => join(lead, name));
  assertMatchable([pattern], paths);
}

type ReaddirCallback = (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void;

/**
 * fast-glob abandons the whole listing at one unreadable folder; this reports the folder and lists the rest. It also
 * skips the output of earlier runs, which is among the images when `--out` is.
 */
function makeReaddir(outputFolders: readonly string[], onUnreadable: (path: string, error: unknown) => void) {
  return ((path: string, options: { withFileTypes: true }, callback: ReaddirCallback) => {
    readdirCallback(path, options, (error, entries) => {
      if (error !== null) onUnreadable(path, error);
      const listed = error === null ? entries : [];
      const isOutput = listed.some(({ name }) => name === STATE_FOLDER && existsSync(join(path, name, OUTPUT_MARK)));
      callback(null, isOutput ? listed.filter((entry) => !outputFolders.includes(entry.name)) : listed);
    });
  }) as typeof readdirCallback;
}

/** The deepest folder that contains all of them. */
export function findCommonFolder(folders: readonly string[]): string {
  const [first = '', ...rest] = folders;
  const parts = first.split(sep);
  const shared = rest.reduce((length, folder) => {
    const others = folder.split(sep);
    let same = 0;
    while (same < length && parts[same] === others[same]) same++;
    return same;
  }, parts.length);
  return parts.slice(0, shared).join(sep) || sep;
}

function folderFailure(path: string, error: unknown): Failure {
  const isBroken = path.includes(REPLACEMENT_CHARACTER) && systemCodeOf(error) === 'ENOENT';
  const reason = isBroken ? 'its name is not valid UTF-8' : printable(messageOf(error));
  return {
    code: 'FOLDER_UNREADABLE',
    message: `${printable(path)}: the folder cannot be listed: ${reason}.`,
    hint: `${isBroken ? 'Rename it' : 'Fix its permissions'}, or --exclude it, and run the same command again.`,
  };
}

async function inputNotFoundError(input: string, cause: unknown): Promise<PreannotateError> {
  const isMissing = ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '');
  const meant = isMissing && !fastGlob.isDynamicPattern(input) ? await findNearestPath(input) : undefined;
  const advice = 'Give folders, image files or globs. Quote globs, so that the shell does not expand them.';
  return new PreannotateError(
    {
      code: 'INPUT_NOT_FOUND',
      message: isMissing
        ? `There is no file or folder ${printable(input)}.`
        : `${printable(input)} cannot be read: ${printable(messageOf(cause))}.`,
      hint: meant === undefined ? advice : `Did you mean ${printable(meant)}?`,
    },
    cause,
  );
}
