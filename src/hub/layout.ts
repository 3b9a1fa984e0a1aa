import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { describeWriteError } from '../disk/write-failure.js';
import type { HubEnvironment } from './environment.js';
import { parseHubReference, isCommit, isSafePath, type HubReference } from './reference.js';

const LINKLESS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'UNKNOWN', 'EINVAL']);

/** A model's folder in the cache. @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache */
export interface RepoFolder {
  readonly root: string; // models--org--name
  readonly blobs: string; // files, named by their hash
  readonly snapshots: string; // a folder for each commit, of links into blobs
  readonly refs: string; // a file for each branch or tag, holding its commit
  readonly absent: string; // for each commit, empty files with the names of what it does not have
  readonly lock: string;
}

/** A commit of a model, as far as it is in the cache. */
export interface Snapshot {
  readonly repo: string;
  readonly commit: string;
  readonly folder: string;
  readonly names: readonly string[]; // of the files that are there, with / between folders
}

export function locateRepo(cache: string, repo: string): RepoFolder {
  const name = `models--${repo.replace('/', '--')}`;
  const root = join(cache, name);
  return {
    root,
    blobs: join(root, 'blobs'),
    snapshots: join(root, 'snapshots'),
    refs: join(root, 'refs'),
    absent: join(root, '.no_exist'),
    lock: join(cache, '.locks', name, 'preannotate.lock'),
  };
}

/** models--org--name -> org/name; undefined for folders of anything else. */
export function parseRepoFolder(name: string): string | undefined {
  const repo = /^models--(.+?)--(.+)$/.exec(name)?.slice(1).join('/');
  try {
    return repo === undefined ? undefined : parseHubReference(repo).repo;
  } catch {
    return undefined; // an id of one word; no OWL-ViT has such
  }
}

/** The reference of a folder that is a snapshot of a cache: …/models--org--name/snapshots/<commit>. */
export function parseSnapshotFolder(folder: string): string | undefined {
  const [root = '', snapshots, commit = ''] = folder.split(sep).slice(-3);
  const repo = parseRepoFolder(root);
  return repo !== undefined && snapshots === 'snapshots' && isCommit(commit) ? `${repo}@${commit}` : undefined;
}

/** What the cache has of a reference; undefined when it does not know the revision. Nothing is asked of the network. */
export async function findSnapshot(cache: string, { repo, revision }: HubReference): Promise<Snapshot | undefined> {
  const { refs, snapshots } = locateRepo(cache, repo);
  const commit = isCommit(revision) ? revision : await readRef(join(refs, revision));
  if (commit === undefined) return undefined;
  const folder = join(snapshots, commit);
  const names = await listModelFolder(folder);
  return names.length === 0 ? undefined : { repo, commit, folder, names };
}

/** Files of a model's folder and of its onnx folder, whose links lead somewhere; none when there is no such folder. */
export async function listModelFolder(folder: string): Promise<string[]> {
  const entriesOf = (path: string) => readdir(path).catch(() => []); // not all of a user's folder, which may be a home
  const names = [
    ...(await entriesOf(folder)),
    ...(await entriesOf(join(folder, 'onnx'))).map((name) => `onnx/${name}`),
  ];
  const isFile = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  return names.filter((_name, i) => isFile[i]).sort();
}

/** The commit that a branch or tag was at when it was fetched. */
export async function readRef(path: string): Promise<string | undefined> {
  const commit = await readFile(path, 'utf8').catch(() => '');
  return isCommit(commit.trim()) ? commit.trim() : undefined;
}

/** Notes which commit a branch or tag is at. A commit needs no note. */
export async function writeRef(cache: string, { repo, revision }: HubReference, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const path = join(locateRepo(cache, repo).refs, revision);
  if ((await readRef(path)) === commit) return;
  await writeToCache(path, () => replaceFile(path, commit));
}

/** Notes that a commit has no file of this name, as huggingface_hub does. */
export async function recordAbsent(cache: string, { repo, commit }: { repo: string; commit: string }, name: string) {
  const path = joinInside(join(locateRepo(cache, repo).absent, commit), name);
  await writeToCache(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  });
}

/** Whether it is known that a commit has no file of this name. */
export function isKnownAbsent(
  cache: string,
  { repo, commit }: { repo: string; commit: string },
  name: string,
): boolean {
  return existsSync(joinInside(join(locateRepo(cache, repo).absent, commit), name));
}

/** Shows a blob under its name in a snapshot: as a relative link, or a copy where links are not to be had. */
export async function placeBlob(blob: string, pointer: string, { links }: HubEnvironment): Promise<void> {
  if ((await findBlob(pointer)) === blob) return;
  await writeToCache(pointer, async () => {
    await mkdir(dirname(pointer), { recursive: true });
    const draft = temporaryPath(pointer);
    if (!links || !(await tryLink(relative(dirname(pointer), blob), draft))) {
      await copyFile(blob, draft, constants.COPYFILE_FICLONE);
    }
    await rename(draft, pointer);
  });
}

async function tryLink(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if (LINKLESS.has(systemCodeOf(error) ?? '')) return false; // Windows without the right to make links, FAT
    throw error;
  }
}

/**
 * The blob that a file of a snapshot is a link to; undefined for what is no link of a cache. Only one step is followed:
 * newer versions of huggingface_hub make blobs themselves links to a store where they have other names.
 */
export async function findBlob(pointer: string): Promise<string | undefined> {
  const target = await readlink(pointer).catch(() => undefined);
  if (target === undefined) return undefined;
  const blob = resolve(dirname(pointer), target);
  return basename(dirname(blob)) === 'blobs' ? blob : undefined;
}

/** Joins a name from elsewhere to a folder. @throws PreannotateError MODEL_INVALID when it would leave the folder. */
export function joinInside(folder: string, name: string): string {
  if (isSafePath(name)) return join(folder, ...name.split('/'));
  throw new PreannotateError({
    code: 'MODEL_INVALID',
    message: `The repository has a file with the name "${printable(name)}", which would leave its folder.`,
    hint: 'Do not use this repository.',
  });
}

/** Does a step of writing into the cache. @throws PreannotateError MODEL_DOWNLOAD_FAILED naming the path and the reason. */
export async function writeToCache<Result>(path: string, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    const cause = isOfReplaceFile(error) ? error.cause : error;
    if (cause instanceof PreannotateError || systemCodeOf(cause) === undefined) throw error;
    throw new PreannotateError(
      {
        code: 'MODEL_DOWNLOAD_FAILED',
        message: `${printable(path)} cannot be written: ${describeWriteError(cause)}.`,
        hint: 'Fix this, or set HF_HUB_CACHE to a folder with enough space; then run the same command again: it resumes.',
      },
      error,
    );
  }
}

/** Such an error speaks of an output folder; its cause is the system's. */
function isOfReplaceFile(error: unknown): error is PreannotateError {
  return error instanceof PreannotateError && (error.code === 'WRITE_FAILED' || error.code === 'OUTPUT_UNUSABLE');
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.preannotate-${randomBytes(6).toString('hex')}`);
}
