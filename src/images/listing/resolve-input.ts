import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import fastGlob from 'fast-glob';
import { systemCodeOf } from '../../core/errors.js';
import { escapeExistingFolders } from '../globs/existing-path.js';
import { assertExpandable } from '../globs/glob-limits.js';
import { isPattern, toForwardSlashes, toMicromatch } from '../globs/pattern-text.js';
import { inputNotFoundError } from './missing-input.js';

/** One input, resolved: what to list where. */
export type Listing =
  | { readonly kind: 'folder'; readonly base: string }
  | { readonly kind: 'file'; readonly base: string; readonly file: string }
  // The base as the user gave it.
  | { readonly kind: 'glob'; readonly base: string; readonly pattern: string; readonly written: string };

/**
 * @param input - A path, absolute or relative to the working folder, or a glob. An existing path is never taken for a
 *   glob.
 * @throws PreannotateError INPUT_NOT_FOUND; USAGE for a glob with too many alternatives.
 */
export async function resolveInput(input: string): Promise<Listing> {
  const path = resolve(input);
  try {
    const entry = await lstat(path);
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path))))
      return { kind: 'folder', base: await realpath(path) };
    return { kind: 'file', base: await realpath(dirname(path)), file: basename(path) };
  } catch (error) {
    const isMissing = ['ENOENT', 'ENAMETOOLONG'].includes(systemCodeOf(error) ?? '');
    if (!isMissing || !isPattern(input)) throw await inputNotFoundError(input, error);
    return resolveGlob(input, error);
  }
}

/** @param missing - The error that no such file exists: the reason to report where it is not a glob either. */
async function resolveGlob(input: string, missing: unknown): Promise<Listing> {
  const text = toForwardSlashes(input, sep);
  assertExpandable(text);
  const escaped = await escapeExistingFolders(text, process.cwd());
  const pattern = toMicromatch(escaped.endsWith('/') ? `${escaped}**` : escaped); // folders, with what is in them
  // One for each alternative in braces; none for a pattern that only excludes.
  const tasks = fastGlob.generateTasks(pattern);
  if (tasks.length === 0) throw await inputNotFoundError(input, missing);
  const written = findCommonFolder(tasks.map(({ base }) => resolve(base)));
  try {
    return { kind: 'glob', base: await realpath(written), pattern, written };
  } catch (error) {
    throw await inputNotFoundError(input, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(await realpath(path))).isDirectory();
  } catch {
    return false; // a dangling link: reading it will fail
  }
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
