import { join, sep } from 'node:path';
import { PreannotateError, type Failure } from '../../core/errors.js';
import type { ImageFile } from '../../core/image.js';
import { compareUtf8, counted, printable } from '../../core/text.js';
import { nameBelow } from '../globs/existing-path.js';
import { NameFilter, type Patterns } from '../globs/name-filter.js';
import { findImages, type Candidate } from './find-images.js';
import { IMAGE_EXTENSIONS } from './endings.js';
import { separateInvalidNames } from './invalid-names.js';
import type { LeftOut, LeftOutFiles } from './left-out.js';
import { listFiles, type ListOptions, type Unreadable } from './list-files.js';
import { findCommonFolder, resolveInput, type Listing } from './resolve-input.js';

const NAMED_INPUTS = 3; // in a message

/** Which files are images of a run. The patterns are relative to the root. */
export interface DiscoverOptions extends ListOptions, Patterns {
  readonly mayBeEmpty?: boolean; // images may come later
  readonly extensions?: readonly string[]; // lower case, without dot; '*': every file; undefined: by ending or content
}

/** What was listed for one input. */
export interface ListedInput {
  readonly kind: Listing['kind']; // a glob lists folders as well, but only what it matches
  readonly base: string; // absolute and real: the folder, that of the file, or the deepest that a glob begins with
  readonly isFlat?: boolean; // of a folder: its subfolders were not listed
  readonly glob?: { readonly pattern: string; readonly written: string }; // of a glob: `base` as the user wrote it
}

/** What was listed for one input of remote images. */
export type RemoteInput =
  | { readonly kind: 'list' | 'address' }
  // What the names of all objects begin with; flat: only those directly below.
  | { readonly kind: 'prefix'; readonly names: string; readonly isFlat: boolean };

/** The images of a run. */
export interface Discovery {
  readonly root: string | undefined; // absolute; names are relative to it. Remote images have none
  readonly inputs: readonly ListedInput[]; // in the order in which they were given; of remote images, see `remote`
  readonly remote?: readonly RemoteInput[];
  readonly isComplete: boolean; // everything below the inputs could be listed: an image that is missing is not there
  readonly images: readonly ImageFile[]; // by UTF-8 bytes of their names
  readonly failures: readonly { name: string; failure: Failure }[]; // folders and names that cannot be read
  readonly skipped: number; // files that are no images
  readonly leftOut: readonly LeftOut[]; // the same, by ending
  readonly notes: readonly string[]; // files left out, and inputs and patterns that match nothing
}

/** Images below a folder. */
export interface LocalDiscovery extends Discovery {
  readonly root: string;
}

/**
 * Lists images. A symbolic link to a file is listed under its own name, a linked folder is not entered, hidden files
 * are left out.
 *
 * @param inputs - Folders, files or globs. An existing path is never taken for a glob.
 * @throws PreannotateError INPUT_NOT_FOUND when an input does not exist, or no image is left; USAGE for a glob that
 *   would take too long.
 */
export async function discover(inputs: readonly string[], options: DiscoverOptions): Promise<LocalDiscovery> {
  const listings = await Promise.all(inputs.map(resolveInput));
  const root = findCommonFolder(listings.map(({ base }) => base));
  const filter = await NameFilter.create(options, { root, cwd: process.cwd(), separator: sep });
  const { files, listed, unreadable } = await listAll(listings, { root, options, filter });
  const names = [...files.keys()];
  const selected = filter.select(names);
  const { images, leftOut } = await findImages(
    [...files.values()].filter(({ name }) => selected.has(name)),
    { root, extensions: options.extensions },
  );
  const { readable, invalid } = await separateInvalidNames(images, root);
  const failures = [...invalid, ...selectReported(unreadable, root, filter)];
  const unused = filter.describe(names);
  if (readable.length === 0 && failures.length === 0 && options.mayBeEmpty !== true) {
    const found = { files: files.size, selected: selected.size, leftOut, unused };
    throw noImagesError(nameInputs(inputs), found, options);
  }
  const empty = failures.length === 0 ? findEmpty(inputs, { listed, selected, readable }) : []; // else that is why
  return {
    root,
    inputs: listings.map((listing) => toListedInput(listing, options)),
    isComplete: failures.length === 0 && leftOut.unreadable === 0,
    images: sortByName(readable.map(({ name }) => ({ name }))), // resolve(root, name) is the path
    failures: sortByName(failures),
    skipped: leftOut.total,
    leftOut: leftOut.groups,
    notes: [...empty.map((input) => `${printable(input)}: no images found.`), ...unused, ...leftOut.describe()],
  };
}

/** The inputs in which there are no images; all of them may be excluded by patterns, which is no mistake. */
function findEmpty(
  inputs: readonly string[],
  {
    listed,
    selected,
    readable,
  }: { listed: readonly string[][]; selected: ReadonlySet<string>; readable: readonly { readonly name: string }[] },
): string[] {
  if (inputs.length === 1 && readable.length > 0) return [];
  const chosen = new Set(readable.map(({ name }) => name));
  return inputs.filter((_, i) => {
    const ofInput = listed[i]!.filter((name) => selected.has(name));
    return ofInput.length === 0 ? listed[i]!.length === 0 : !ofInput.some((name) => chosen.has(name));
  });
}

/** The same in memory of its own: a part of a path keeps the whole path in memory. */
function toOwnString(text: string): string {
  const own = Buffer.from(text).toString();
  return own === text ? own : text; // not every name of Windows can be written in UTF-8
}

function toListedInput(listing: Listing, { recursive }: DiscoverOptions): ListedInput {
  const { kind, base } = listing;
  if (kind === 'folder' && !recursive) return { kind, base, isFlat: true };
  if (kind !== 'glob') return { kind, base };
  const { pattern, written } = listing;
  return { kind, base, glob: { pattern, written } };
}

/** The files of all inputs, each once, and the names that each input lists. */
async function listAll(
  listings: readonly Listing[],
  { root, options, filter }: { root: string; options: ListOptions; filter: NameFilter },
): Promise<{ files: ReadonlyMap<string, Candidate>; listed: readonly string[][]; unreadable: Unreadable }> {
  const unreadable: Unreadable = new Map();
  const files = new Map<string, Candidate>();
  const listed: string[][] = [];
  for (const listing of listings) {
    const names: string[] = [];
    const isGiven = listing.kind === 'file';
    for await (const { path, kind } of listFiles(listing, { root, options, filter, unreadable })) {
      const name = toOwnString(nameBelow(join(listing.base, path), root)!);
      names.push(name);
      if (isGiven || !files.has(name)) files.set(name, { name, kind, isGiven });
    }
    listed.push(names);
  }
  return { files, listed, unreadable };
}

/**
 * Failures of unreadable folders, except those that --exclude matches: excluding a folder is one way to deal with it.
 */
function selectReported(unreadable: Unreadable, root: string, filter: NameFilter) {
  const folders = [...unreadable].map(([path, failure]) => ({ name: nameBelow(path, root) ?? path, failure }));
  return folders
    .filter(({ name }) => !filter.excludesFolder(name))
    .map(({ name, failure }) => ({ name: name === '' ? '.' : name, failure }));
}

function sortByName<Named extends { readonly name: string }>(items: Named[]): Named[] {
  return items.sort((a, b) => compareUtf8(a.name, b.name));
}

/** A shell may expand a glob to thousands. */
function nameInputs(inputs: readonly string[]): string {
  return inputs.length <= NAMED_INPUTS ? inputs.join(' ') : `The ${inputs.length} inputs`;
}

/** @param found - How many files were listed, and how many of them --include and --exclude left. */
function noImagesError(
  input: string,
  found: { files: number; selected: number; leftOut: LeftOutFiles; unused: readonly string[] },
  { extensions = IMAGE_EXTENSIONS }: DiscoverOptions,
): PreannotateError {
  const isFiltered = found.files > 0 && found.selected === 0;
  const others = found.selected > 0 ? `, only ${found.leftOut.describeAll()}` : '';
  const filtered = `--include and --exclude leave none of ${counted(found.files, 'file')}`;
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(input)}: ${isFiltered ? filtered : `no images found${others}`}.`,
    hint: isFiltered
      ? found.unused.join(' ') || '`--dry-run` lists what they leave.'
      : `Files ending in ${extensions.join(', ')} are listed; --ext sets other extensions, ` +
        '--include and --exclude filter. A glob lists folders with what is in them where it ends in /**.',
  });
}
