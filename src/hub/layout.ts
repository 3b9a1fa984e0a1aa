import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { copyFile, readdir, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { makeFolder } from '../disk/make-folder.js';
import { readWholeFile } from '../disk/readable-file.js';
import { describeWriteError } from '../disk/write-failure.js';
import type { HubEnvironment } from './environment.js';
import { parseHubReference, isCommit, isSafePath, type HubReference } from './reference.js';

const MAX_REF_BYTES = 1024;

const NO_LINK_CODES = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'UNKNOWN', 'EINVAL']);

/** A model's folder in the cache. @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache */
export interface RepoFolder {
  readonly root: string; // models--org--name
  readonly blobs: string; // files, each named by its hash
  readonly snapshots: string; // one folder per commit, with links into blobs
  readonly refs: string; // one file per branch or tag, containing its commit
  readonly absent: string; // per commit, an empty file for each name that it is known not to have
  readonly lock: string;
}

/** A commit of a model in the cache, possibly incomplete. */
export interface Snapshot {
  readonly repo: string;
  readonly commit: string;
  readonly folder: string;
  readonly names: readonly string[]; // of the files present, with / between folders
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
    return undefined; // an id without an organisation, which no OWL-ViT model has
  }
}

/** Parses the path of a snapshot folder into a reference: …/models--org--name/snapshots/<commit>. */
export function parseSnapshotFolder(folder: string): string | undefined {
  const [root = '', snapshots, commit = ''] = folder.split(sep).slice(-3);
  const repo = parseRepoFolder(root);
  return repo !== undefined && snapshots === 'snapshots' && isCommit(commit) ? `${repo}@${commit}` : undefined;
}

/** Finds the cached snapshot of a reference without network access; undefined when the revision is not cached. */
export async function findSnapshot(cache: string, { repo, revision }: HubReference): Promise<Snapshot | undefined> {
  const { refs, snapshots } = locateRepo(cache, repo);
  const commit = isCommit(revision) ? revision : await readRef(join(refs, revision));
  if (commit === undefined) return undefined;
  const folder = join(snapshots, commit);
  const names = await listModelFolder(folder);
  return names.length === 0 ? undefined : { repo, commit, folder, names };
}

/** Lists the files in a model's folder and its onnx folder without broken links; empty for a missing folder. */
export async function listModelFolder(folder: string): Promise<string[]> {
  const entriesOf = (path: string) => readdir(path).catch(() => []); // not recursive: the user may pass a large folder
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

/** Reads the commit that a branch or tag pointed to when it was fetched. */
export async function readRef(path: string): Promise<string | undefined> {
  const text = await readWholeFile(path, MAX_REF_BYTES).catch(() => '');
  const commit = text.toString().trim();
  return isCommit(commit) ? commit : undefined;
}

/** Records the commit of a branch or tag. Does nothing when the revision is itself a commit. */
export async function writeRef(cache: string, { repo, revision }: HubReference, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const path = join(locateRepo(cache, repo).refs, revision);
  if ((await readRef(path)) === commit) return;
  await writeToCache(path, () => replaceFile(path, commit));
}

/** Records that a commit has no file of this name, as huggingface_hub does. */
export async function recordAbsent(cache: string, { repo, commit }: { repo: string; commit: string }, name: string) {
  const path = joinInside(join(locateRepo(cache, repo).absent, commit), name);
  await writeToCache(path, async () => {
    await makeFolder(dirname(path));
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

/** Places a blob under its name in a snapshot: as a relative link, or as a copy where links are not supported. */
export async function placeBlob(blob: string, pointer: string, { links }: HubEnvironment): Promise<void> {
  if ((await findBlob(pointer)) === blob) return;
  await writeToCache(pointer, async () => {
    await makeFolder(dirname(pointer));
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
    if (NO_LINK_CODES.has(systemCodeOf(error) ?? '')) return false; // FAT; Windows without the privilege
    throw error;
  }
}

/**
 * Finds the blob that a file of a snapshot links to; undefined when it is not a link to a blob. Only one link is
 * followed: in newer versions of huggingface_hub, blobs are themselves links to a store in which they have other names.
 */
export async function findBlob(pointer: string): Promise<string | undefined> {
  const target = await readlink(pointer).catch(() => undefined);
  if (target === undefined) return undefined;
  const blob = resolve(dirname(pointer), target);
  return basename(dirname(blob)) === 'blobs' ? blob : undefined;
}

/** Joins an untrusted name to a folder. @throws PreannotateError MODEL_INVALID when it would leave the folder. */
export function joinInside(folder: string, name: string): string {
  if (isSafePath(name)) return join(folder, ...name.split('/'));
  throw new PreannotateError({
    code: 'MODEL_INVALID',
    message: `The repository has a file named "${printable(name)}", which would be written outside its folder.`,
    hint: 'Do not use this repository.',
  });
}

/**
 * Runs a step that writes to the cache.
 *
 * @throws PreannotateError MODEL_DOWNLOAD_FAILED with the path and the reason.
 */
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
        hint:
          'Fix this, or set HF_HUB_CACHE to a folder with enough space; then run the same command again. ' +
          'The download resumes.',
      },
      error,
    );
  }
}

/** replaceFile throws errors about an output folder; their cause is the system error. */
function isOfReplaceFile(error: unknown): error is PreannotateError {
  return error instanceof PreannotateError && (error.code === 'WRITE_FAILED' || error.code === 'OUTPUT_UNUSABLE');
}

function temporaryPath(path: string): string {
  return join(dirname(path), `.preannotate-${randomBytes(6).toString('hex')}`);
}
