import { lstat, realpath, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { FileLock } from '../disk/lock/file-lock.js';
import { LockHeldError } from '../disk/lock/take-over.js';
import { makeFolder } from '../disk/make-folder.js';
import { listCachedModels, listCommits, listEntries, listRevisions, type CachedModel } from './inventory.js';
import { findBlob, writeToCache, locateRepo, type RepoFolder } from './layout.js';
import { isCommit, formatHubReference, type HubReference } from './reference.js';

/** What {@link removeModel} removed. */
export interface Removed {
  readonly repo: string;
  readonly folder: string;
  readonly commits: readonly string[];
  readonly freedBytes: number;
  readonly keptBlobs: number; // blobs that other snapshots link to
  readonly staysAs: readonly string[]; // other names of the revision, which is therefore kept
}

/**
 * Removes a model or one revision of it from the cache: snapshots, refs, and the blobs that no other snapshot in the
 * cache links to. Links are removed, never followed.
 *
 * @param everything - Remove every revision of the model and ignore the revision of the reference.
 * @throws PreannotateError MODEL_NOT_FOUND when the cache does not have it; OUTPUT_LOCKED while it is being fetched.
 */
export async function removeModel(cache: string, reference: HubReference, everything: boolean): Promise<Removed> {
  const folder = locateRepo(cache, reference.repo);
  const isCached = (await lstat(folder.root).catch(() => undefined)) !== undefined;
  if (!isCached) throw notCachedError(cache, reference, everything);
  await assertInside(folder);
  await writeToCache(folder.lock, () => makeFolder(dirname(folder.lock)));
  await using _lock = await takeLock(folder.lock, reference);
  const models = await listCommits(cache, reference.repo); // read under the lock: a download may just have finished
  const targets = everything ? models : models.filter((model) => isNamed(model, reference));
  if (!everything && targets.length === 0) throw notCachedError(cache, reference, everything);
  const staysAs = everything ? [] : findOtherNames(targets, reference);
  if (staysAs.length > 0) {
    await writeToCache(folder.refs, () => rm(join(folder.refs, reference.revision)));
    return { repo: reference.repo, folder: folder.root, commits: [], freedBytes: 0, keptBlobs: 0, staysAs };
  }
  const needed = await findNeededBlobs(cache, targets);
  return await writeToCache(folder.root, () => remove(folder, { reference, targets, needed, everything }));
}

async function remove(
  folder: RepoFolder,
  what: { reference: HubReference; targets: readonly CachedModel[]; needed: ReadonlySet<string>; everything: boolean },
): Promise<Removed> {
  const { reference, targets, needed, everything } = what;
  const candidates = everything
    ? (await listEntries(folder.blobs)).map((name) => join(folder.blobs, name))
    : await findBlobs(targets);
  const unneeded = candidates.filter((blob) => dirname(blob) === folder.blobs && !needed.has(blob));
  let freedBytes = 0;
  for (const blob of unneeded) freedBytes += (await lstat(blob).catch(() => undefined))?.size ?? 0;
  const commits = targets.map(({ commit }) => commit);
  for (const { name, commit } of await listRevisions(folder.refs)) {
    if (everything || (commit !== undefined && commits.includes(commit))) await rm(join(folder.refs, name));
  }
  for (const commit of commits) {
    await rm(join(folder.snapshots, commit), { recursive: true });
    await rm(join(folder.absent, commit), { recursive: true, force: true });
  }
  for (const blob of unneeded) await rm(blob, { force: true });
  const keptBlobs = candidates.length - unneeded.length;
  if (everything && keptBlobs === 0) await rm(folder.root, { recursive: true });
  else await rmdir(folder.snapshots).catch(() => {}); // kept when it is not empty
  return { repo: reference.repo, folder: folder.root, commits, freedBytes, keptBlobs, staysAs: [] };
}

function isNamed({ commit, revisions }: CachedModel, { revision }: HubReference): boolean {
  return isCommit(revision) ? commit === revision : revisions.includes(revision);
}

/** A tag and a branch may point to the same revision: removing one name keeps it under the other. */
function findOtherNames(targets: readonly CachedModel[], { revision }: HubReference): string[] {
  if (isCommit(revision)) return [];
  return targets.flatMap(({ revisions }) => revisions.filter((name) => name !== revision));
}

/** Finds the blobs that the remaining snapshots of any model link to. */
async function findNeededBlobs(cache: string, targets: readonly CachedModel[]): Promise<Set<string>> {
  const folders = new Set(targets.map(({ folder }) => folder));
  const staying = (await listCachedModels(cache)).filter(({ folder }) => !folders.has(folder));
  const direct = await findBlobs(staying);
  const real = await Promise.all(direct.map((blob) => realpath(blob).catch(() => blob)));
  return new Set([...direct, ...real]);
}

async function findBlobs(models: readonly CachedModel[]): Promise<string[]> {
  const pointers = models.flatMap(({ folder, files }) => files.map((name) => join(folder, name)));
  const blobs = await Promise.all(pointers.map(findBlob));
  return [...new Set(blobs.filter((blob) => blob !== undefined))];
}

/** A user may have moved a model to another disk and linked to it: the target of such a link must not be removed. */
async function assertInside({ root, blobs, snapshots, refs }: RepoFolder): Promise<void> {
  for (const path of [root, blobs, snapshots, refs]) {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || found.isDirectory()) continue;
    throw new PreannotateError({
      code: 'MODEL_INVALID',
      message: `${path} is not a folder of the cache, but a link or a file.`,
      hint: 'Remove it by hand if its target is no longer needed.',
    });
  }
}

async function takeLock(path: string, reference: HubReference): Promise<FileLock> {
  try {
    return await FileLock.take(path);
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error;
    throw new PreannotateError(
      {
        code: 'OUTPUT_LOCKED',
        message: `${formatHubReference(reference)} is being fetched: ${error.message}.`,
        hint: `Wait until the download ends. If that process no longer runs, delete ${path}.`,
      },
      error,
    );
  }
}

function notCachedError(cache: string, reference: HubReference, everything: boolean): PreannotateError {
  const name = everything ? reference.repo : formatHubReference(reference);
  const folder = basename(locateRepo(cache, reference.repo).root);
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${name} is not in ${cache} (looked for ${folder}).`,
    hint: 'List the models in the cache: preannotate models list',
  });
}
