import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { readRef, locateRepo, parseRepoFolder } from './layout.js';

/** A commit of a model in the cache. */
export interface CachedModel {
  readonly repo: string;
  readonly commit: string;
  readonly revisions: readonly string[]; // branches and tags that pointed to this commit when they were fetched
  readonly folder: string;
  readonly files: readonly string[]; // broken links included
  readonly sizeBytes: number;
}

/** Lists every commit of every model in a cache, sorted; models that other programs fetched are included. */
export async function listCachedModels(cache: string): Promise<CachedModel[]> {
  const repos = (await listEntries(cache)).map(parseRepoFolder).filter((repo) => repo !== undefined);
  return (await Promise.all(repos.sort().map((repo) => listCommits(cache, repo)))).flat();
}

/** Lists every commit of one model in a cache. */
export async function listCommits(cache: string, repo: string): Promise<CachedModel[]> {
  const { snapshots, refs } = locateRepo(cache, repo);
  const revisions = await listRevisions(refs);
  const commits = (await listEntries(snapshots)).sort();
  return Promise.all(
    commits.map(async (commit) => {
      const folder = join(snapshots, commit);
      const files = await listFilesBelow(folder);
      const sizes = await Promise.all(files.map((name) => sizeOf(join(folder, name))));
      const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
      const named = revisions.filter((revision) => revision.commit === commit).map(({ name }) => name);
      return { repo, commit, revisions: named, folder, files, sizeBytes };
    }),
  );
}

/** The shortest unambiguous reference to a cached commit. */
export function referenceOf({ repo, commit, revisions }: CachedModel): string {
  if (revisions.includes('main')) return repo;
  return `${repo}@${revisions[0] ?? commit}`;
}

/** Lists branches and tags, whose names may contain slashes, with their commits. */
export async function listRevisions(refs: string): Promise<{ name: string; commit: string | undefined }[]> {
  const names = await listFilesBelow(refs);
  return Promise.all(names.sort().map(async (name) => ({ name, commit: await readRef(join(refs, name)) })));
}

/** Lists files and links below a folder, with / between folders. Linked folders are not entered. */
export async function listFilesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const prefix = folder.length + sep.length;
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(prefix).split(sep).join('/'));
}

export function listEntries(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
