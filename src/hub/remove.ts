import { lstat, mkdir, realpath, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { FileLock, LockHeld } from '../disk/file-lock.js';
import { listCachedModels, listCommits, listEntries, listRevisions, type CachedModel } from './inventory.js';
import { findBlob, writeToCache, locateRepo, type RepoFolder } from './layout.js';
import { isCommit, formatHubReference, type HubReference } from './reference.js';

/** What was removed. */
export interface Removed {
  readonly repo: string;
  readonly folder: string;
  readonly commits: readonly string[];
  readonly freedBytes: number;
  readonly keptBlobs: number; // others need them
  readonly staysAs: readonly string[]; // other names of the revision, which therefore stays
}

/**
 * Removes a model from the cache, or one revision of it: snapshots, refs, and the blobs that no other snapshot of the cache
 * links to. Links are removed, never followed.
 *
 * @param everything - All of the model, whatever the reference's revision.
 * @throws PreannotateError MODEL_NOT_FOUND when the cache does not have it; OUTPUT_LOCKED while it is being fetched.
 */
export async function removeModel(cache: string, reference: HubReference, everything: boolean): Promise<Removed> {
  const folder = locateRepo(cache, reference.repo);
  const there = (await lstat(folder.root).catch(() => undefined)) !== undefined;
  if (!there) throw notCachedError(cache, reference, everything);
  await assertInside(folder);
  await writeToCache(folder.lock, () => mkdir(dirname(folder.lock), { recursive: true }));
  await using _lock = await takeLock(folder.lock, reference);
  const models = await listCommits(cache, reference.repo); // only now: a download may just have ended
  const gone = everything ? models : models.filter((model) => isNamed(model, reference));
  if (!everything && gone.length === 0) throw notCachedError(cache, reference, everything);
  const staysAs = everything ? [] : findOtherNames(gone, reference);
  if (staysAs.length > 0) {
    await writeToCache(folder.refs, () => rm(join(folder.refs, reference.revision)));
    return { repo: reference.repo, folder: folder.root, commits: [], freedBytes: 0, keptBlobs: 0, staysAs };
  }
  const needed = await findNeededBlobs(cache, gone);
  return await writeToCache(folder.root, () => remove(folder, { reference, gone, needed, everything }));
}

async function remove(
  folder: RepoFolder,
  what: { reference: HubReference; gone: readonly CachedModel[]; needed: ReadonlySet<string>; everything: boolean },
): Promise<Removed> {
  const { reference, gone, needed, everything } = what;
  const candidates = everything
    ? (await listEntries(folder.blobs)).map((name) => join(folder.blobs, name))
    : await findBlobs(gone);
  const unneeded = candidates.filter((blob) => dirname(blob) === folder.blobs && !needed.has(blob));
  let freedBytes = 0;
  for (const blob of unneeded) freedBytes += (await lstat(blob).catch(() => undefined))?.size ?? 0;
  const commits = gone.map(({ commit }) => commit);
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
  else await rmdir(folder.snapshots).catch(() => {}); // stays when it is not empty
  return { repo: reference.repo, folder: folder.root, commits, freedBytes, keptBlobs, staysAs: [] };
}

function isNamed({ commit, revisions }: CachedModel, { revision }: HubReference): boolean {
  return isCommit(revision) ? commit === revision : revisions.includes(revision);
}

/** A tag and a branch may be the same revision: taking one name away leaves it to the other. */
function findOtherNames(gone: readonly CachedModel[], { revision }: HubReference): string[] {
  if (isCommit(revision)) return [];
  return gone.flatMap(({ revisions }) => revisions.filter((name) => name !== revision));
}

/** Blobs that snapshots of any model, other than those that go, link to. */
async function findNeededBlobs(cache: string, gone: readonly CachedModel[]): Promise<Set<string>> {
  const folders = new Set(gone.map(({ folder }) => folder));
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

/** Someone may have moved a model to another disk and left a link: what lies there is not ours to remove. */
async function assertInside({ root, blobs, snapshots, refs }: RepoFolder): Promise<void> {
  for (const path of [root, blobs, snapshots, refs]) {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined || found.isDirectory()) continue;
    throw new PreannotateError({
      code: 'MODEL_INVALID',
      message: `${path} is not a folder of the cache, but a link or a file.`,
      hint: 'Remove it yourself, if what it leads to is no longer wanted.',
    });
  }
}

async function takeLock(path: string, reference: HubReference): Promise<FileLock> {
  try {
    return await FileLock.take(path);
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error;
    throw new PreannotateError(
      {
        code: 'OUTPUT_LOCKED',
        message: `${formatHubReference(reference)} is being fetched: ${error.message}.`,
        hint: `Wait for it. If that process is gone for certain, delete ${path}.`,
      },
      error,
    );
  }
}

function notCachedError(cache: string, reference: HubReference, everything: boolean): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${everything ? reference.repo : formatHubReference(reference)} is not in ${cache} (looked for ${basename(locateRepo(cache, reference.repo).root)}).`,
    hint: 'List the models in the cache: preannotate models list',
  });
}
