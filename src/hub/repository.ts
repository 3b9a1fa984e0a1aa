import type { RequestedPrecision } from '../core/precision.js';
import { lstat, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import type { HubClient, RemoteFile } from './client.js';
import type { HubEnvironment } from './environment.js';
import { EXPORT_FILES, selectModelFiles } from './files.js';
import {
  findSnapshot,
  joinInside,
  isKnownAbsent,
  recordAbsent,
  placeBlob,
  locateRepo,
  writeRef,
  type Snapshot,
} from './layout.js';
import { withModelLock } from './download-lock.js';
import { isCommit, formatHubReference, type HubReference } from './reference.js';
import { computeDigest } from './verify.js';

/** Receives the progress of a download. */
export interface DownloadObserver {
  /** @param bytes - Sums over all files. */
  progress(bytes: { done: number; total: number }): void;
  note(message: string): void;
}

export interface FetchOptions {
  readonly environment: HubEnvironment;
  readonly precision: RequestedPrecision;
  readonly watcher: DownloadObserver;
  readonly signal?: AbortSignal;
}

/** A file of a model and whether it had to be fetched. */
export interface PulledFile extends RemoteFile {
  readonly state: 'fetched' | 'present' | 'repaired';
}

export interface PulledModel extends Snapshot {
  readonly files: readonly PulledFile[];
}

/**
 * Finds the snapshot of a model in the cache, and fetches it when required files are missing. A cached snapshot is used
 * without a request to check whether its branch has moved: startup stays fast, and the model does not change until
 * `models pull` updates it.
 *
 * @throws PreannotateError MODEL_NOT_FOUND, MODEL_GATED, MODEL_DOWNLOAD_FAILED
 */
export async function ensureModel(reference: HubReference, options: FetchOptions): Promise<Snapshot> {
  const { environment, watcher, signal } = options;
  const { cache, offline } = environment;
  const cached = await findUsableSnapshot(reference, options);
  if (cached?.exact) return cached.snapshot;
  if (offline !== undefined) {
    if (cached !== undefined) return cached.snapshot;
    throw offlineError(reference, environment);
  }
  const waiting = { note: (message: string) => watcher.note(message), ...(signal === undefined ? {} : { signal }) };
  return withModelLock(locateRepo(cache, reference.repo).lock, waiting, async () => {
    const meanwhile = await findUsableSnapshot(reference, options); // another process may have fetched it by now
    if (meanwhile?.exact) return meanwhile.snapshot;
    try {
      return await fetchModel(reference, options);
    } catch (error) {
      const mayStay = error instanceof PreannotateError && error.code === 'MODEL_DOWNLOAD_FAILED';
      if (meanwhile === undefined || !mayStay) throw error;
      watcher.note(`${error.message} Using the cached snapshot: ${meanwhile.snapshot.folder}`);
      return meanwhile.snapshot;
    }
  });
}

/** Fetches the new, missing and damaged files of a model. @throws as {@link ensureModel} */
export async function pullModel(reference: HubReference, options: FetchOptions): Promise<PulledModel> {
  const { environment, watcher, signal } = options;
  if (environment.offline !== undefined) throw offlineError(reference, environment);
  const waiting = { note: (message: string) => watcher.note(message), ...(signal === undefined ? {} : { signal }) };
  const { lock } = locateRepo(environment.cache, reference.repo);
  return withModelLock(lock, waiting, () => fetchModel(reference, options));
}

/** Finds a cached snapshot that has every required file. `exact`: the hub has no weights that would be preferred. */
export async function findUsableSnapshot(
  reference: HubReference,
  { environment, precision }: Pick<FetchOptions, 'environment' | 'precision'>,
): Promise<{ snapshot: Snapshot; exact: boolean } | undefined> {
  const snapshot = await findSnapshot(environment.cache, reference);
  if (snapshot === undefined) return undefined;
  const { usable, better } = selectModelFiles(snapshot.names, precision);
  if (!usable) return undefined;
  return { snapshot, exact: better.every((name) => isKnownAbsent(environment.cache, snapshot, name)) };
}

async function fetchModel(reference: HubReference, options: FetchOptions): Promise<PulledModel> {
  const { environment, precision, signal } = options;
  const { HubClient } = await import('./client.js'); // loading it takes 0.1 s, and a cached model does not need it
  await using client = await HubClient.open(environment, reference, signal);
  const { commit, names } = await client.fetchRevision();
  const { small, weights, better, usable } = selectModelFiles(names, precision);
  if (!usable) throw unsuitableModelError(reference, names, options);
  const described = await Promise.all([...small, ...weights].map((name) => client.describeFile(commit, name)));
  const files = await fetchFiles(client, described, { commit, repo: reference.repo, ...options });
  for (const name of better) await recordAbsent(environment.cache, { repo: reference.repo, commit }, name);
  await writeRef(environment.cache, reference, commit); // last, so that a branch never points to an incomplete model
  const folder = join(locateRepo(environment.cache, reference.repo).snapshots, commit);
  return { repo: reference.repo, commit, folder, names: files.map(({ name }) => name), files };
}

async function fetchFiles(
  client: HubClient,
  described: readonly RemoteFile[],
  { commit, repo, environment, watcher }: FetchOptions & { commit: string; repo: string },
): Promise<PulledFile[]> {
  const { fetchBlob } = await import('./download.js');
  const { blobs, snapshots } = locateRepo(environment.cache, repo);
  const snapshot = join(snapshots, commit);
  const states = await Promise.all(described.map((file) => checkBlob(join(blobs, file.digest), file)));
  const wanted = described.filter((_file, i) => states[i] !== 'present');
  const total = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total > 0) watcher.note(`Fetching ${repo} from ${environment.endpoint} into ${environment.cache}.`);
  let before = 0;
  for (const [i, file] of described.entries()) {
    const blob = join(blobs, file.digest);
    if (states[i] !== 'present') {
      const onBytes = (bytes: number) => watcher.progress({ done: before + bytes, total });
      await fetchBlob(client, { file, commit, blob, onBytes, note: (message) => watcher.note(message) });
      before += file.sizeBytes;
    }
    await placeBlob(blob, joinInside(snapshot, file.name), environment);
  }
  return described.map((file, i) => ({ ...file, state: states[i]! }));
}

/** Compares a blob with its hash and removes a damaged one; of a blob in a shared store, only this model's link. */
async function checkBlob(blob: string, { digest, sizeBytes }: RemoteFile): Promise<PulledFile['state']> {
  if (!(await lstat(blob).catch(() => undefined))) return 'fetched';
  const size = await stat(blob).then(
    (found) => found.size,
    () => -1,
  );
  if (size === sizeBytes && (await computeDigest(digest, blob)) === digest) return 'present';
  await rm(blob, { recursive: true });
  return 'repaired';
}

function offlineError(reference: HubReference, { cache, offline }: HubEnvironment): PreannotateError {
  const name = formatHubReference(reference);
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${name} is not in ${cache}, and ${offline} forbids fetching it.`,
    hint:
      `Unset ${offline} and run: preannotate models pull ${name}\n` +
      'Or copy the cache from a machine that has it. To try the tool without a network, use --model builtin:emoji.',
  });
}

/** Describes the files that are accepted as weights, for messages. */
function describeWeights(precision: RequestedPrecision): string {
  const file = EXPORT_FILES[precision === 'auto' ? 'fp32' : precision];
  return `weights (model.safetensors, pytorch_model.bin or onnx/${file}, with all their parts)`;
}

function unsuitableModelError(
  reference: HubReference,
  names: readonly string[],
  options: FetchOptions,
): PreannotateError {
  const { endpoint } = options.environment;
  const { precision } = options;
  const { repo, revision } = reference;
  const has = (name: string) => names.includes(name);
  const missing = [
    ...(has('config.json') ? [] : ['config.json']),
    ...(has('tokenizer.json') || (has('vocab.json') && has('merges.txt')) ? [] : ['a tokenizer']),
    ...(selectModelFiles(names, precision).weights.length > 0 ? [] : [describeWeights(precision)]),
  ];
  const page = `${endpoint}/${repo}/tree/${isCommit(revision) ? revision : encodeURIComponent(revision)}`;
  return new PreannotateError({
    code: 'MODEL_INVALID',
    message: `${formatHubReference(reference)} is not a usable model: it lacks ${missing.join(' and ')}.`,
    hint: `See its files at ${page}. Use an OWL-ViT or OWLv2 checkpoint such as google/owlvit-base-patch32.`,
  });
}
