import {
  existsSync,
  lstat as lstatCallback,
  readdir as readdirCallback,
  stat as statCallback,
  type Dirent,
} from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import fastGlob, { type Entry } from 'fast-glob';
import { messageOf, systemCodeOf, type Failure } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { nameBelow } from '../globs/existing-path.js';
import { assertMatchable, isCostly } from '../globs/glob-limits.js';
import type { NameFilter } from '../globs/name-filter.js';
import { REPLACEMENT_CHARACTER } from './invalid-names.js';
import type { Listing } from './resolve-input.js';

const STATE_FOLDER = '.preannotate'; // of a run, in its output folder
const OUTPUT_MARK = 'images.jsonl'; // in it, before the first view is written
const PART_FOLDER = /\/shards\/\d+-of-\d+\/?$/; // of a run that machines share

/** How folders are listed. */
export interface ListOptions {
  readonly recursive: boolean;
  readonly outputFolders: readonly string[]; // left out where a run wrote them: images there are copies and links
}

/** Folders that could not be listed, by their real paths. */
export type Unreadable = Map<string, Failure>;

/** A file that was listed. */
export interface ListedFile {
  readonly path: string; // relative to the base of the listing
  readonly kind: 'file' | 'link' | 'other'; // other: a named pipe, a socket or a device
}

/** The files of a listing. What is known of one is let go before the next: a million do not fit into a small memory. */
export async function* listFiles(
  listing: Listing,
  {
    root,
    options,
    filter,
    unreadable,
  }: { root: string; options: ListOptions; filter: NameFilter; unreadable: Unreadable },
): AsyncGenerator<ListedFile> {
  if (listing.kind === 'file') {
    yield { path: listing.file, kind: 'file' };
    return;
  }
  const { base } = listing;
  const written = listing.kind === 'glob' ? listing.written : base;
  const realPathOf = (path: string) => join(base, relative(written, path));
  const readdir = makeReaddir(options.outputFolders, {
    isExcluded: (path) => filter.excludesFolder(nameBelow(realPathOf(path), root)!),
    onUnreadable: (path, error) => unreadable.set(realPathOf(path), folderFailure(path, error)),
  });
  const fs = { readdir, lstat: lstatCallback, stat: statCallback };
  const common = { dot: false, onlyFiles: false, followSymbolicLinks: false, objectMode: true, fs } as const;
  if (listing.kind === 'glob' && isCostly(listing.pattern)) await tryMatching(listing);
  const entries =
    listing.kind === 'glob'
      ? fastGlob.stream(listing.pattern, common) // relative to the working folder, or absolute
      : fastGlob.stream(options.recursive ? '**/*' : '*', { ...common, cwd: base });
  for await (const entry of entries) {
    const { path, dirent } = entry as unknown as Entry; // as objectMode has them
    if (dirent.isDirectory()) continue;
    yield {
      path: listing.kind === 'glob' ? relative(written, resolve(path)) : path,
      kind: dirent.isFile() ? 'file' : dirent.isSymbolicLink() ? 'link' : 'other',
    };
  }
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
 * skips excluded folders, and the output of earlier runs, which is among the images when `--out` is. Nothing in the
 * folder of a shard is listed, so that each shard finds the same files.
 */
function makeReaddir(
  outputFolders: readonly string[],
  folders: { isExcluded: (path: string) => boolean; onUnreadable: (path: string, error: unknown) => void },
) {
  return ((path: string, options: { withFileTypes: true }, callback: ReaddirCallback) => {
    readdirCallback(path, options, (error, found) => {
      if (error !== null) folders.onUnreadable(path, error);
      const listed = error === null ? found : [];
      const isOutput = listed.some(({ name }) => name === STATE_FOLDER && existsSync(join(path, name, OUTPUT_MARK)));
      const isPart = isOutput && PART_FOLDER.test(path.replaceAll('\\', '/'));
      const entries = isOutput ? listed.filter(({ name }) => !isPart && !outputFolders.includes(name)) : listed;
      callback(
        null,
        entries.filter((entry) => !entry.isDirectory() || !folders.isExcluded(join(path, entry.name))),
      );
    });
  }) as typeof readdirCallback;
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
