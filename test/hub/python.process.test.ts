import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COMMIT, HubServer, REPO, tinyModel } from '../support/servers/hub-server.js';
import { fileOf, machine } from './fetching.js';

const PYTHON = process.env['PYTHON'] ?? 'python3';
const hasHub = canImport();

function canImport(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import huggingface_hub'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs a line of Python with the hub and the cache of a simulated machine. */
async function python(line: string, hub: HubServer, cache: string, more: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, HF_ENDPOINT: hub.url, HF_HUB_CACHE: cache, HF_HUB_DISABLE_XET: '1', ...more };
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', `import huggingface_hub as hub; ${line}`], { env });
  return stdout.trim();
}

describe.skipIf(!hasHub)('a cache shared with huggingface_hub (skipped where that is not installed)', () => {
  it('lets preannotate find offline what huggingface_hub fetched', async () => {
    const hub = await HubServer.start({ cdn: 'other-host' });
    const { ensure, cache } = await machine(hub, { variables: { HF_HUB_OFFLINE: '1' } });
    for (const name of Object.keys(tinyModel())) await python(`hub.hf_hub_download('${REPO}', '${name}')`, hub, cache);
    hub.seen.length = 0;
    const { folder, names } = await ensure();
    expect(names).toHaveLength(8);
    expect((await fileOf(folder, 'model.safetensors')).link).toMatch(/^\.\.\/\.\.\/blobs\//);
    expect(hub.seen).toEqual([]);
  });

  it('lets huggingface_hub find offline what preannotate fetched, as a whole revision and as files', async () => {
    const hub = await HubServer.start({ cdn: 'other-host' });
    const { ensure, cache } = await machine(hub);
    const { folder } = await ensure();
    const offline = { HF_HUB_OFFLINE: '1' };
    expect(await python(`print(hub.snapshot_download('${REPO}'))`, hub, cache, offline)).toBe(folder);
    const cached = `print(hub.try_to_load_from_cache('${REPO}', 'model.safetensors'))`;
    expect(await python(cached, hub, cache, offline)).toBe(`${folder}/model.safetensors`);
    const scan = [
      'i = hub.scan_cache_dir()',
      'r = list(i.repos)[0]',
      'v = list(r.revisions)[0]',
      'print(r.repo_id, v.commit_hash, sorted(v.refs), v.nb_files, i.warnings)',
    ].join('; ');
    expect(await python(scan, hub, cache, offline)).toBe(`${REPO} ${COMMIT} ['main'] 8 []`);
  });

  it('lets preannotate complete what huggingface_hub fetched in part', async () => {
    const hub = await HubServer.start({ cdn: 'other-host' });
    const { ensure, cache } = await machine(hub);
    const path = await python(`print(hub.hf_hub_download('${REPO}', 'config.json'))`, hub, cache);
    const { folder } = await ensure();
    expect(path).toBe(`${folder}/config.json`);
    const found = await python(`print(hub.snapshot_download('${REPO}'))`, hub, cache, { HF_HUB_OFFLINE: '1' });
    expect(found).toBe(folder);
    expect(hub.fetches('model.safetensors')).toHaveLength(1);
  });
});
