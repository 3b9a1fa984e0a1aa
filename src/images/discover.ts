import { lstat, realpath } from 'node:fs/promises';
import {
  existsSync,
  readdir as readdirCallback,
  lstat as lstatCallback,
  stat as statCallback,
  type Dirent,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import fastGlob from 'fast-glob';
import { messageOf, PreannotateError, systemCodeOf, type Failure } from '../core/errors.js';
import type { ImageFile } from '../core/image.js';
import { compareUtf8 } from '../core/order.js';
import { printable } from '../core/text.js';
import { REPLACEMENT_CHARACTER, separateInvalidNames } from './invalid-names.js';
import { matchGlobs } from './match-globs.js';

/** Extensions of files that are taken for images in folders; their content then decides their type. */
export const IMAGE_EXTENSIONS = ['jpg', 'jpeg', 'png', 'webp', 'tif', 'tiff', 'gif', 'avif', 'bmp'] as const;

const STATE_FOLDER = '.preannotate'; // of a run, in its output folder
const OUTPUT_MARK = 'images.jsonl'; // in it, before the first view is written

export interface DiscoverOptions {
  readonly recursive: boolean;
  readonly include: readonly string[]; // globs, relative to the root; empty: everything
  readonly exclude: readonly string[];
  readonly extensions: readonly string[]; // lower case, without dot
  readonly outputFolders: readonly string[]; // left out where a run wrote them: pictures there are copies and links
}

/** The images of a run. */
export interface Discovery {
  readonly root: string; // absolute; names are relative to it
  readonly images: readonly ImageFile[]; // by UTF-8 bytes of their names
  readonly failures: readonly { name: string; failure: Failure }[]; // folders and names that cannot be read
  readonly skipped: number; // files without the extension of an image
}

/** One input, resolved: what to list where. */
type Listing =
  | { readonly kind: 'folder'; readonly base: string }
  | { readonly kind: 'file'; readonly base: string; readonly file: string }
  // The base as the user gave it.
  | { readonly kind: 'glob'; readonly base: string; readonly pattern: string; readonly written: string };

/** Folders that could not be listed, by their real paths. */
type Unreadable = Map<string, Failure>;

/**
 * Lists images. A symbolic link to a file is listed under its own name, a linked folder is not entered, hidden files
 * are left out.
 *
 * @param inputs - Folders, files or globs. An existing path is never taken for a glob.
 * @throws PreannotateError INPUT_NOT_FOUND when an input does not exist or has no image.
 */
export async function discover(inputs: readonly string[], options: DiscoverOptions): Promise<Discovery> {
  const listings = await Promise.all(inputs.map(listingOf));
  const root = commonFolder(listings.map(({ base }) => base));
  const nameOf = (path: string) => slashed(relative(root, path));
  const unreadable: Unreadable = new Map();
  const found = new Map<string, string>(); // name to path
  let skipped = 0;
  for (const [i, listing] of listings.entries()) {
    const files = await filesOf(listing, { root, options, unreadable });
    const chosen = files.filter(imageTest(options, listing));
    skipped += files.length - chosen.length;
    if (chosen.length === 0 && unreadable.size === 0) throw nothingFound(inputs[i]!, files.length, options);
    for (const file of chosen) {
      const path = join(listing.base, file);
      found.set(nameOf(path), path);
    }
  }
  const names = await matchGlobs([...found.keys()], options);
  const images = [...found].filter(([name]) => names.has(name)).map(([name, path]) => ({ name, path }));
  const { readable, invalid } = await separateInvalidNames(images);
  const failures = [...invalid, ...(await foldersToReport(unreadable, nameOf, options))];
  if (readable.length === 0 && failures.length === 0) throw nothingFound(inputs.join(' '), skipped, options);
  return { root, images: sorted(readable), failures: sorted(failures), skipped };
}

async function listingOf(input: string): Promise<Listing> {
  const path = resolve(input);
  try {
    const entry = await lstat(path);
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path))))
      return { kind: 'folder', base: await realpath(path) };
    return { kind: 'file', base: await realpath(dirname(path)), file: basename(path) };
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' || !fastGlob.isDynamicPattern(input)) throw notThere(input, error);
    return globOf(input, error);
  }
}

/** @param missing - The error that no such file exists: the reason to report where it is not a glob either. */
async function globOf(pattern: string, missing: unknown): Promise<Listing> {
  // One for each alternative in braces; none for a pattern that only excludes.
  const tasks = fastGlob.generateTasks(pattern);
  if (tasks.length === 0) throw notThere(pattern, missing);
  const written = commonFolder(tasks.map(({ base }) => resolve(base)));
  try {
    return { kind: 'glob', base: await realpath(written), pattern, written };
  } catch (error) {
    throw notThere(pattern, error);
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
async function filesOf(
  listing: Listing,
  { root, options, unreadable }: { root: string; options: DiscoverOptions; unreadable: Unreadable },
): Promise<string[]> {
  if (listing.kind === 'file') return [listing.file];
  const { base } = listing;
  const written = listing.kind === 'glob' ? listing.written : base;
  const onUnreadable = (path: string, error: unknown) =>
    unreadable.set(join(base, relative(written, path)), folderFailure(path, error));
  const fs = { readdir: readdirFor(options.outputFolders, onUnreadable), lstat: lstatCallback, stat: statCallback };
  const common = { dot: false, onlyFiles: false, followSymbolicLinks: false, objectMode: true, fs } as const;
  // Excluded folders need not be entered. Globs are relative to the root: below it, they are only applied afterwards.
  const ignore = base === root ? [...options.exclude] : [];
  const entries =
    listing.kind === 'glob'
      ? await fastGlob(listing.pattern, common) // relative to the working folder, or absolute
      : await fastGlob(options.recursive ? '**/*' : '*', { ...common, cwd: base, ignore });
  const files = entries.filter(({ dirent }) => !dirent.isDirectory()).map(({ path }) => path);
  return listing.kind === 'glob' ? files.map((path) => relative(written, resolve(path))) : files;
}

type ReaddirCallback = (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void;

/**
 * fast-glob abandons the whole listing at one unreadable folder; this reports the folder and lists the rest. It also
 * skips the output of earlier runs, which is among the images when `--out` is.
 */
function readdirFor(outputFolders: readonly string[], onUnreadable: (path: string, error: unknown) => void) {
  return ((path: string, options: { withFileTypes: true }, callback: ReaddirCallback) => {
    readdirCallback(path, options, (error, entries) => {
      if (error !== null) onUnreadable(path, error);
      const listed = error === null ? entries : [];
      const isOutput = listed.some(({ name }) => name === STATE_FOLDER && existsSync(join(path, name, OUTPUT_MARK)));
      callback(null, isOutput ? listed.filter((entry) => !outputFolders.includes(entry.name)) : listed);
    });
  }) as typeof readdirCallback;
}

/** A file that was given by name is taken whatever its extension. */
function imageTest({ extensions }: DiscoverOptions, { kind }: Listing): (name: string) => boolean {
  if (kind === 'file') return () => true;
  const wanted = new Set(extensions);
  return (name) => wanted.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) && name.includes('.');
}

/**
 * Failures of unreadable folders, except those that --exclude matches: excluding a folder is one way to deal with it.
 */
async function foldersToReport(unreadable: Unreadable, nameOf: (path: string) => string, { exclude }: DiscoverOptions) {
  const folders = [...unreadable].map(([path, failure]) => ({ name: nameOf(path) || '.', failure }));
  const names = folders.map(({ name }) => name).filter((name) => name !== '.');
  const reported = await matchGlobs(names, { include: [], exclude });
  return folders.filter(({ name }) => name === '.' || reported.has(name));
}

function sorted<Named extends { readonly name: string }>(items: Named[]): Named[] {
  return items.sort((a, b) => compareUtf8(a.name, b.name));
}

/** The deepest folder that contains all of them. */
function commonFolder(folders: readonly string[]): string {
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

function slashed(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
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

function notThere(input: string, cause: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'INPUT_NOT_FOUND',
      message: `${printable(input)} cannot be read: ${printable(messageOf(cause))}.`,
      hint: 'Give folders, image files or globs. Quote globs, so that the shell does not expand them.',
    },
    cause,
  );
}

function nothingFound(input: string, others: number, { extensions }: DiscoverOptions): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(input)}: no images found${others > 0 ? `, only ${others} other files` : ''}.`,
    hint:
      `Files ending in ${extensions.join(', ')} are listed; --ext sets other extensions, ` +
      '--include and --exclude filter.',
  });
}
