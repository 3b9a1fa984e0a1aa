import { join, relative, sep } from 'node:path';
import { PreannotateError, type Failure } from '../../core/errors.js';
import type { ImageFile } from '../../core/image.js';
import { compareUtf8 } from '../../core/text.js';
import { printable } from '../../core/text.js';
import { assertExpandable } from '../globs/glob-limits.js';
import { matchGlobs } from '../globs/match-globs.js';
import { separateInvalidNames } from './invalid-names.js';
import {
  findCommonFolder,
  listFiles,
  resolveInput,
  type Listing,
  type ListOptions,
  type Unreadable,
} from './list-input.js';

/** Extensions of files that are taken for images in folders; their content then decides their type. */
export const IMAGE_EXTENSIONS = ['jpg', 'jpeg', 'png', 'webp', 'tif', 'tiff', 'gif', 'avif', 'bmp'] as const;

export interface DiscoverOptions extends ListOptions {
  readonly include: readonly string[]; // globs, relative to the root; empty: everything
  readonly extensions: readonly string[]; // lower case, without dot
}

/** What was listed for one input. */
export interface ListedInput {
  readonly kind: Listing['kind']; // a glob lists folders as well, but only what it matches
  readonly base: string; // absolute and real: the folder, that of the file, or the deepest that a glob begins with
}

/** The images of a run. */
export interface Discovery {
  readonly root: string; // absolute; names are relative to it
  readonly inputs: readonly ListedInput[]; // in the order in which they were given
  readonly isComplete: boolean; // everything below the inputs could be listed: an image that is missing is not there
  readonly images: readonly ImageFile[]; // by UTF-8 bytes of their names
  readonly failures: readonly { name: string; failure: Failure }[]; // folders and names that cannot be read
  readonly skipped: number; // files without the extension of an image
}

/**
 * Lists images. A symbolic link to a file is listed under its own name, a linked folder is not entered, hidden files
 * are left out.
 *
 * @param inputs - Folders, files or globs. An existing path is never taken for a glob.
 * @throws PreannotateError INPUT_NOT_FOUND when an input does not exist or has no image; USAGE for a glob that would
 *   take too long.
 */
export async function discover(inputs: readonly string[], options: DiscoverOptions): Promise<Discovery> {
  [...options.include, ...options.exclude].forEach(assertExpandable);
  const listings = await Promise.all(inputs.map(resolveInput));
  const root = findCommonFolder(listings.map(({ base }) => base));
  const nameOf = (path: string) => toSlashes(relative(root, path));
  const unreadable: Unreadable = new Map();
  const found = new Map<string, string>(); // name to path
  let skipped = 0;
  for (const [i, listing] of listings.entries()) {
    const files = await listFiles(listing, { root, options, unreadable });
    const chosen = files.filter(makeImageFilter(options, listing));
    skipped += files.length - chosen.length;
    if (chosen.length === 0 && unreadable.size === 0) throw noImagesError(inputs[i]!, files.length, options);
    for (const file of chosen) {
      const path = join(listing.base, file);
      found.set(nameOf(path), path);
    }
  }
  const names = await matchGlobs([...found.keys()], options);
  const files = [...found].filter(([name]) => names.has(name)).map(([name, path]) => ({ name, path }));
  const { readable, invalid } = await separateInvalidNames(files);
  const failures = [...invalid, ...(await selectReported(unreadable, nameOf, options))];
  if (readable.length === 0 && failures.length === 0) throw noImagesError(inputs.join(' '), skipped, options);
  const images = readable.map(({ name }) => ({ name })); // resolve(root, name) is the path
  return {
    root,
    inputs: listings.map(({ kind, base }) => ({ kind, base })),
    isComplete: failures.length === 0,
    images: sortByName(images),
    failures: sortByName(failures),
    skipped,
  };
}

/** A file that was given by name is taken whatever its extension. */
function makeImageFilter({ extensions }: DiscoverOptions, { kind }: Listing): (name: string) => boolean {
  if (kind === 'file') return () => true;
  const wanted = new Set(extensions);
  return (name) => wanted.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) && name.includes('.');
}

/**
 * Failures of unreadable folders, except those that --exclude matches: excluding a folder is one way to deal with it.
 */
async function selectReported(unreadable: Unreadable, nameOf: (path: string) => string, { exclude }: DiscoverOptions) {
  const folders = [...unreadable].map(([path, failure]) => ({ name: nameOf(path) || '.', failure }));
  const names = folders.map(({ name }) => name).filter((name) => name !== '.');
  const reported = await matchGlobs(names, { include: [], exclude });
  return folders.filter(({ name }) => name === '.' || reported.has(name));
}

function sortByName<Named extends { readonly name: string }>(items: Named[]): Named[] {
  return items.sort((a, b) => compareUtf8(a.name, b.name));
}

function toSlashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}

function noImagesError(input: string, others: number, { extensions }: DiscoverOptions): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(input)}: no images found${others > 0 ? `, only ${others} other files` : ''}.`,
    hint:
      `Files ending in ${extensions.join(', ')} are listed; --ext sets other extensions, ` +
      '--include and --exclude filter.',
  });
}
