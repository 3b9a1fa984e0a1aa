import { realpathSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { mapConcurrent } from '../core/stream.js';
import { printable } from '../core/text.js';
import type { RunScope } from './header.js';
import { divideNames, type Sources } from './plan/sources.js';
import type { JournalContents } from './read-journal.js';

const LOOKED_FOR = 100; // images, from all over the run
const SAME_NAMES = 3; // last parts of a path
const STATS_AT_ONCE = 64; // network file systems answer many at once

type StoredRoot = Required<Pick<RunScope, 'root'>> & Pick<RunScope, 'root_absolute'>;

/** Where the images of a run are looked for. */
interface RootSearch {
  readonly outDir: string; // absolute
  readonly scope: StoredRoot;
  readonly journal: Pick<JournalContents, 'entries'>;
  readonly sources: Sources;
  readonly given: string | undefined; // absolute folder that the user names
}

/** A folder, and how many of some images it holds. */
interface Candidate {
  readonly folder: string; // absolute
  readonly exists: boolean;
  readonly sameSize: number;
  readonly present: number;
}

/** The folder of images as it is stored: relative to the output folder, so that both can be moved together. */
export function toStoredRoot(outDir: string, root: string): Required<StoredRoot> {
  const path = relative(realPathOf(outDir), root); // absolute where it is on another drive of Windows
  return { root: sep === '/' ? path || '.' : path.replaceAll(sep, '/') || '.', root_absolute: root };
}

/**
 * Finds the folder that image names are relative to: where it is from the output folder, else where it was when the run
 * was made. A folder counts that holds images of the run; those of the right size count more.
 *
 * @returns Its absolute path without links; undefined when the images are in neither.
 * @throws PreannotateError INPUT_NOT_FOUND when the folder that the user names holds none of them.
 */
export async function findImageRoot(search: RootSearch): Promise<string | undefined> {
  const found = await inspectFolders(search);
  const names = listPresent(search);
  const best = [...found].sort((a, b) => b.sameSize - a.sameSize || b.present - a.present)[0]!;
  if (best.present > 0 || (names.length === 0 && best.exists)) return await realpath(best.folder);
  if (search.given !== undefined) throw noImagesThereError(search.given, names);
  const sameName = await findSameName(search);
  return sameName === undefined ? undefined : await realpath(sameName);
}

/** The same, of a run; undefined also where its images are remote. */
export async function findRunRoot(
  outDir: string,
  { scope, journal, sources }: Pick<RootSearch, 'journal' | 'sources'> & { readonly scope: RunScope },
  given: string | undefined,
): Promise<string | undefined> {
  const { root } = scope;
  if (root === undefined) return undefined;
  return await findImageRoot({ outDir, scope: { ...scope, root }, journal, sources, given });
}

/** @returns Why the images of a run cannot be used. */
export async function missingImagesError(search: RootSearch): Promise<PreannotateError> {
  const places = (await inspectFolders(search)).map(
    ({ folder, exists }) => `${printable(folder)} ${exists ? 'holds none of them' : 'does not exist'}`,
  );
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `The images of this run were not found: ${places.join(', and ')}.`,
    hint:
      'Name the folder they are in now: `preannotate export <out-dir> --images-root <folder>`. It is remembered. ' +
      'With --images none, and without previews, no images are needed.',
  });
}

/** The folder that a stored root is, absolute, as {@link toStoredRoot} made it. */
export function resolveRoot(outDir: string, { root }: StoredRoot): string {
  return resolve(realPathOf(outDir), root);
}

/** Where a run has its images, before it is looked for. */
export function expectedRoot(outDir: string, scope: StoredRoot): string {
  return scope.root_absolute ?? resolveRoot(outDir, scope);
}

async function inspectFolders(search: RootSearch): Promise<Candidate[]> {
  const { outDir, scope, given } = search;
  const folders = given === undefined ? [resolveRoot(outDir, scope), expectedRoot(outDir, scope)] : [given];
  return await Promise.all([...new Set(folders)].map((folder) => inspectFolder(folder, search)));
}

/**
 * A folder of the same name near the output folder that holds the same images: earlier versions stored no relative
 * path.
 *
 * @returns undefined where there is none, or the run stored one.
 */
async function findSameName(search: RootSearch): Promise<string | undefined> {
  const { outDir, scope, given } = search;
  if (given !== undefined || scope.root_absolute !== undefined) return undefined;
  const names = scope.root.split(/[/\\]/).filter((name) => name !== '');
  for (let above = dirname(realPathOf(outDir)); above !== dirname(above); above = dirname(above)) {
    for (let count = 1; count <= Math.min(names.length, SAME_NAMES); count++) {
      const { folder, sameSize } = await inspectFolder(join(above, ...names.slice(-count)), search);
      if (sameSize > 0) return folder;
    }
  }
  return undefined;
}

/** The images whose files were there when the run ended: a folder may lack the others and be the right one. */
function listPresent({ journal, sources }: RootSearch): string[] {
  return divideNames(journal.entries, sources)[0].filter((name) => sources.get(name)?.state !== 'kept');
}

async function inspectFolder(folder: string, search: RootSearch): Promise<Candidate> {
  const exists = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  const candidate = { folder, exists, sameSize: 0, present: 0 };
  if (!exists) return candidate;
  const names = listPresent(search);
  const every = Math.ceil(names.length / LOOKED_FOR);
  const chosen = names.filter((_, i) => i % every === 0);
  const sizes = mapConcurrent(chosen, STATS_AT_ONCE, async (name) => {
    const { sizeBytes } = search.journal.entries.get(name)!;
    const stats = await stat(join(folder, name)).catch(() => undefined);
    return { isPresent: stats?.isFile() === true, isSame: stats?.size === sizeBytes };
  });
  for await (const { isPresent, isSame } of sizes) {
    if (isPresent) candidate.present++;
    if (isPresent && isSame) candidate.sameSize++;
  }
  return candidate;
}

/** Links that the system follows before `..`. */
function realPathOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder; // it will be made
  }
}

function noImagesThereError(folder: string, [example = '']: readonly string[]): PreannotateError {
  return new PreannotateError({
    code: 'INPUT_NOT_FOUND',
    message: `${printable(folder)} holds none of the images of this run.`,
    hint: `Give the folder that names of images are relative to: it holds ${printable(example)}.`,
  });
}
