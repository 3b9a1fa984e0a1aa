import { PreannotateError } from '../../core/errors.js';
import { buildOntology } from '../../core/ontology.js';
import { untilAborted } from '../../core/stream.js';
import { printable } from '../../core/text.js';
import type { DownloadObserver } from '../../hub/repository.js';
import { BUILTIN, findLocalFolder, findModel, type Model } from '../../model/source.js';
import { startEngine, type EngineJob, type EngineUse } from '../../workers/start-engine.js';
import type { Engine } from '../../workers/engine.js';
import { keysOf } from '../keys.js';
import { parseStored, RunDescription, type Registration } from '../protocol.js';
import type { Connection } from '../redis/connection.js';
import { runKeyOf } from '../run-key.js';
import { RemoteImages } from '../../images/remote/remote-images.js';
import type { FetchSettings } from '../../images/remote/fetch-settings.js';
import type { AllowedAddresses } from './allowed-addresses.js';
import type { AllowedFolders } from './allowed-files.js';

/** What a worker decides itself: how it computes, not what. */
export interface OwnSettings extends Pick<EngineJob, 'devices' | 'placement'> {
  readonly version: string; // of preannotate
  readonly optimizer: EngineJob['worker']['optimizer'];
  readonly fetch: Omit<FetchSettings, 'maxBytes' | 'allowHosts'>; // of remote images
}

/** What a worker may read. */
export interface Allowed {
  readonly folders: AllowedFolders;
  readonly addresses: AllowedAddresses;
}

interface OpenOptions {
  readonly connection: Connection;
  readonly allowed: Allowed;
  readonly own: OwnSettings;
  readonly watcher: DownloadObserver;
  readonly use: EngineUse;
}

/** Why a worker cannot take part in a run. It goes on with others. */
export class Refused extends Error {}

/** A run that this worker can work for. */
export interface OpenedRun {
  readonly description: RunDescription;
  readonly job: EngineJob;
  readonly engine: Engine;
  readonly remote: RemoteImages | undefined; // fetches its images, where they are remote; disposed of after the engine
}

/**
 * Opens the model of a run and starts this machine's workers for it, as a local run does.
 *
 * @throws Refused when this machine would give other results, or may not read what it needs; PreannotateError when the
 *   model, a device or the examples cannot be had
 */
export async function openRun(id: string, registered: Registration, options: OpenOptions): Promise<OpenedRun> {
  const { connection, allowed, own, watcher, use } = options;
  if (registered.version !== own.version) {
    throw new Refused(`it has preannotate ${own.version}, this run ${registered.version}.`);
  }
  const stored = await untilAborted(connection.redis.get(keysOf(id).run), use.signal);
  const description = parseStored(RunDescription, stored);
  if (description?.key !== registered.key) throw new Refused('the description of the run cannot be read.');
  const job = toEngineJob(description, own);
  await assertFoldersAllowed(description, job, allowed.folders);
  assertHostsAllowed(description, allowed.addresses);
  const finding = { precision: description.model.precision, watcher, signal: use.signal, variables: process.env };
  const model = await findModel(description.model.reference, finding);
  assertSameModel(description, model);
  if (runKeyOf(own.version, job, model) !== description.key) {
    throw new Refused('its ontology or options come to another key than those of the run.');
  }
  const { images: left, imageFolder, hosts } = description;
  const { maxBytes } = job.worker;
  const { hosts: allowHosts } = allowed.addresses;
  const remote = hosts && new RemoteImages({ ...own.fetch, allowHosts, maxBytes });
  try {
    const engine = await startEngine(job, { model, images: left ?? Infinity, imageFolder, remote }, use);
    return { description, job, engine, remote };
  } catch (error) {
    await remote?.[Symbol.asyncDispose]();
    throw error;
  }
}

export async function closeRun({ engine, remote }: OpenedRun): Promise<void> {
  await engine[Symbol.asyncDispose]();
  await remote?.[Symbol.asyncDispose]();
}

function toEngineJob(description: RunDescription, { devices, placement, optimizer }: OwnSettings): EngineJob {
  const { ontology, places, allowTruncate, form, worker, selection, exampleFolder } = description;
  return {
    ontology: buildOntology(ontology),
    ...{ places, allowTruncate, form, exampleFolder, devices, placement },
    ontologyNotes: [], // the producer has shown them
    worker: { ...worker, optimizer },
    selection,
  };
}

/** @throws Refused */
async function assertFoldersAllowed(
  { model: { reference, isFolder }, imageFolder, exampleFolder }: RunDescription,
  { ontology }: EngineJob,
  allowed: AllowedFolders,
): Promise<void> {
  const local = reference === BUILTIN.reference ? undefined : isFolder ? reference : findLocalFolder(reference);
  const hasExamples = ontology.queries.some(({ example }) => example !== undefined);
  const needed = [
    { what: 'images are', folder: imageFolder },
    { what: 'examples are', folder: hasExamples ? exampleFolder : undefined },
    { what: 'model is', folder: local },
  ];
  for (const { what, folder } of needed) {
    if (folder === undefined || (await allowed.allows(folder))) continue;
    const given =
      allowed.given.length === 0 ? 'it was started without --root' : `it may read ${allowed.given.join(', ')}`;
    throw new Refused(`the ${what} in ${printable(folder)}, and ${given}.`);
  }
}

/** @throws Refused */
function assertHostsAllowed({ hosts = [] }: RunDescription, addresses: AllowedAddresses): void {
  const outside = hosts.find((host) => !addresses.allows(host));
  if (outside === undefined) return;
  const { given } = addresses;
  const allowed = given.length === 0 ? 'it was started without --allow-host' : `it may fetch from ${given.join(', ')}`;
  throw new Refused(`images are on ${printable(outside)}, and ${allowed}.`);
}

/** @throws Refused */
function assertSameModel({ model: expected }: RunDescription, found: Model): void {
  const short = (hash: string) => hash.slice(0, 12);
  const name = printable(expected.reference);
  if (found.sha256 !== expected.sha256) {
    throw new Refused(
      `its ${name} has other weights (SHA-256 ${short(found.sha256)}…, the run ${short(expected.sha256)}…).`,
    );
  }
  if (found.key !== expected.key) {
    throw new Refused(`its ${name} has another configuration or tokenizer beside the same weights.`);
  }
}

/** Why a worker cannot take part, in a sentence. */
export function describeRefusal(error: unknown): string | undefined {
  if (error instanceof Refused) return error.message;
  if (error instanceof PreannotateError) return `${error.message} ${error.hint}`.trim();
  return undefined;
}
