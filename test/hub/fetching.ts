import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readHubEnvironment } from '../../src/hub/environment.js';
import { parseHubReference } from '../../src/hub/reference.js';
import { ensureModel, pullModel, type FetchOptions } from '../../src/hub/repository.js';
import { REPO, type HubServer } from '../support/servers/hub-server.js';
import { temporaryFolder } from '../support/temporary.js';

/** A simulated machine with an empty cache. */
export interface Machine {
  readonly cache: string;
  readonly root: string; // folder of the test model in the cache
  readonly notes: string[];
  readonly done: number[]; // bytes done, one entry per progress notification
  readonly options: FetchOptions;
  readonly ensure: (reference?: string) => ReturnType<typeof ensureModel>;
  readonly pull: (reference?: string) => ReturnType<typeof pullModel>;
}

export async function machine(
  hub: Pick<HubServer, 'url'>,
  { variables = {}, precision = 'auto', signal }: { variables?: Record<string, string> } & Partial<FetchOptions> = {},
): Promise<Machine> {
  const home = await temporaryFolder();
  const notes: string[] = [];
  const done: number[] = [];
  const options: FetchOptions = {
    environment: readHubEnvironment({ HF_HOME: home, HF_ENDPOINT: hub.url, ...variables }),
    precision,
    watcher: { progress: (bytes) => void done.push(bytes.done), note: (message) => void notes.push(message) },
    ...(signal === undefined ? {} : { signal }),
  };
  const cache = join(home, 'hub');
  return {
    cache,
    root: join(cache, `models--${REPO.replace('/', '--')}`),
    notes,
    done,
    options,
    ensure: (reference = REPO) => ensureModel(parseHubReference(reference), options),
    pull: (reference = REPO) => pullModel(parseHubReference(reference), options),
  };
}

/** Reads a file of a snapshot: the target of its link, and its bytes. */
export async function fileOf(folder: string, name: string): Promise<{ link: string; bytes: Buffer }> {
  return { link: await readlink(join(folder, name)), bytes: await readFile(join(folder, name)) };
}
