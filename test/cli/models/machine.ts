import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { preannotate, SCENES } from '../../support/cli.js';
import { COMMIT, etagOf, REPO, tinyModel, type HubServer } from '../../support/servers/hub-server.js';
import { temporaryFolder } from '../../support/temporary.js';

/** The weights of the model that the hub has. */
export const WEIGHTS = 'model.safetensors';
export const WEIGHTS_BYTES = tinyModel()[WEIGHTS]!;

let pulled: string | undefined; // a cache that holds the model, to copy from: fetched once for the tests of a file
afterAll(async () => {
  if (pulled !== undefined) await rm(pulled, { recursive: true });
});

/** A machine whose cache holds the model, as `models pull` left it. */
export async function machineWithModel(hub: HubServer) {
  const made = await machine(hub);
  const cache = join(made.folder, 'hf/hub');
  if (pulled !== undefined) await cp(pulled, cache, { recursive: true, verbatimSymlinks: true });
  else {
    expect(await made.models('pull', REPO)).toMatchObject({ code: 0 });
    pulled = await mkdtemp(join(tmpdir(), 'preannotate-pulled-'));
    await cp(cache, pulled, { recursive: true, verbatimSymlinks: true });
  }
  hub.seen.length = 0;
  return made;
}

/** A machine of its own: environment, cache and folders. */
export async function machine(hub?: HubServer) {
  const folder = await temporaryFolder();
  const env = {
    HF_HOME: join(folder, 'hf'),
    HF_HUB_CACHE: '',
    HF_TOKEN: '',
    HF_HUB_OFFLINE: '',
    HTTP_PROXY: '',
    http_proxy: '',
    XDG_CACHE_HOME: join(folder, 'xdg'),
    HF_ENDPOINT: hub?.url ?? 'http://127.0.0.1:9',
  };
  const root = join(folder, 'hf/hub/models--google--owlvit-tiny');
  const runArgs = (out: string, model = REPO) => [
    'run',
    join(SCENES, 'scene-01.jpg'),
    '--model',
    model,
    '--class',
    'dog=a dog',
    '--out',
    join(folder, out),
  ];
  return {
    folder,
    env,
    root,
    snapshot: join(root, 'snapshots', COMMIT),
    incomplete: join(root, 'blobs', `${etagOf(WEIGHTS, WEIGHTS_BYTES)}.incomplete`),
    models: (...args: string[]) => preannotate(['models', ...args], { env, cwd: folder }),
    runArgs,
    run: (out: string, ...more: string[]) => preannotate([...runArgs(out), ...more], { env, cwd: folder }),
  };
}
