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
import { REPLACEMENT, withoutBrokenNames } from './broken-names.js';
import { choose } from './choose.js';

/** Extensions that are taken for images in folders; what a file is in truth its content decides. */
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
  readonly skipped: number; // files that are no images by their extension
}

/** One input, resolved: what to list where. */
type Listing =
  | { readonly kind: 'folder'; readonly base: string }
  | { readonly kind: 'file'; readonly base: string; readonly file: string }
  | { readonly kind: 'glob'; readonly base: string; readonly pattern: string; readonly written: string }; // base as the user wrote it

/** Folders that could not be listed, by their real paths. */
type Unreadable = Map<string, Failure>;

/**
 * Lists images. A linked file is listed under its own name, a linked folder is not entered, hidden files are left out.
 *
 * @param inputs - Folders, files or globs. What exists is never taken for a glob.
 * @throws PreannotateError INPUT_NOT_FOUND when an input is not there or gives no image.
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
  const names = await choose([...found.keys()], options);
  const images = [...found].filter(([name]) => names.has(name)).map(([name, path]) => ({ name, path }));
  const { readable, broken } = await withoutBrokenNames(images);
  const failures = [...broken, ...(await foldersToReport(unreadable, nameOf, options))];
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

/** @param missing - That there is no file of this name: the reason to give where it is no glob either. */
async function globOf(pattern: string, missing: unknown): Promise<Listing> {
  const tasks = fastGlob.generateTasks(pattern); // one for each alternative in braces; none for a pattern that only excludes
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
    return false; // a dangling link: reading it will say so
  }
}

/** @returns What the listing holds, relative to its base. */
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
  // Excluded folders need not be entered; where names begin further up, the globs fit only afterwards.
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
 * fast-glob gives up the whole listing for one unreadable folder; this reports the folder and lists the rest. It also keeps
 * fast-glob out of what earlier runs wrote, which lies among the images when `--out` does.
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

/** A file named itself is taken whatever its extension. */
function imageTest({ extensions }: DiscoverOptions, { kind }: Listing): (name: string) => boolean {
  if (kind === 'file') return () => true;
  const wanted = new Set(extensions);
  return (name) => wanted.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) && name.includes('.');
}

/** All but those that --exclude names: leaving a folder out is one way to deal with it. */
async function foldersToReport(unreadable: Unreadable, nameOf: (path: string) => string, { exclude }: DiscoverOptions) {
  const folders = [...unreadable].map(([path, failure]) => ({ name: nameOf(path) || '.', failure }));
  const names = folders.map(({ name }) => name).filter((name) => name !== '.');
  const reported = await choose(names, { include: [], exclude });
  return folders.filter(({ name }) => name === '.' || reported.has(name));
}

function sorted<Named extends { readonly name: string }>(items: Named[]): Named[] {
  return items.sort((a, b) => compareUtf8(a.name, b.name));
}

/** The deepest folder that holds all of them. */
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
  const isBroken = path.includes(REPLACEMENT) && systemCodeOf(error) === 'ENOENT';
  const reason = isBroken ? 'its name is not valid UTF-8' : printable(messageOf(error));
  return {
    code: 'FOLDER_UNREADABLE',
    message: `${printable(path)}: the folder cannot be listed: ${reason}.`,
    hint: `${isBroken ? 'Rename it' : 'Mend its permissions'}, or leave it out with --exclude, and give the same command again.`,
  };
}

function notThere(input: string, cause: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'INPUT_NOT_FOUND',
      message: `${printable(input)} cannot be read: ${printable(messageOf(cause))}.`,
      hint: 'Give folders, image files or globs. Quote a glob, so that the shell leaves it alone.',
    },
    cause,
  );
}

function nothingFound(input: string, others: number, { extensions }: DiscoverOptions): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(input)}: no images found${others > 0 ? `, only ${others} other files` : ''}.`,
    hint: `Files ending in ${extensions.join(', ')} are looked for; --ext names others, --include and --exclude choose.`,
  });
}
