import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHubEnvironment } from '../../src/hub/environment.js';
import { temporaryFolder } from '../support/temporary.js';

describe('the hub environment', () => {
  it.each([
    [{}, join(homedir(), '.cache/huggingface/hub')],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }, '/h/hub'],
    [{ HF_HOME: '~/h' }, join(homedir(), 'h/hub')],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
    [{ HF_HOME: '', HF_HUB_CACHE: '' }, join(homedir(), '.cache/huggingface/hub')],
  ])('of %j has the cache %s', (variables, cache) => {
    expect(readHubEnvironment(variables).cache).toBe(cache);
  });

  it.each([
    [{}, undefined],
    [{ HF_HUB_OFFLINE: '0' }, undefined],
    [{ HF_HUB_OFFLINE: '1' }, 'HF_HUB_OFFLINE'],
    [{ HF_HUB_OFFLINE: 'true' }, 'HF_HUB_OFFLINE'],
    [{ TRANSFORMERS_OFFLINE: 'YES' }, 'TRANSFORMERS_OFFLINE'],
  ])('of %j names %s as the variable that disables the network', (variables, offline) => {
    expect(readHubEnvironment(variables).offline).toBe(offline);
  });

  it('takes the token from HF_TOKEN, else from HF_TOKEN_PATH, else from the login, else it has none', async () => {
    const home = await temporaryFolder();
    const tokenOf = (variables: Record<string, string>) => readHubEnvironment({ HF_HOME: home, ...variables }).token();
    expect(await tokenOf({})).toBeUndefined();
    await writeFile(join(home, 'token'), 'hf_login\n');
    await mkdir(join(home, 'secret'));
    await writeFile(join(home, 'secret/t'), 'hf_file\n');
    expect(await tokenOf({})).toBe('hf_login');
    expect(await tokenOf({ HF_TOKEN_PATH: join(home, 'secret/t') })).toBe('hf_file');
    expect(await tokenOf({ HF_TOKEN_PATH: join(home, 'secret/t'), HF_TOKEN: ' hf_own ' })).toBe('hf_own');
  });

  it('has timeouts in seconds, by default and for invalid values ten, and an endpoint without a trailing slash', () => {
    const { etagTimeoutMs, downloadTimeoutMs, endpoint } = readHubEnvironment({
      HF_HUB_ETAG_TIMEOUT: '2.5',
      HF_HUB_DOWNLOAD_TIMEOUT: 'soon',
      HF_ENDPOINT: 'https://mirror.example/hf//',
    });
    expect({ etagTimeoutMs, downloadTimeoutMs, endpoint }).toEqual({
      etagTimeoutMs: 2500,
      downloadTimeoutMs: 10_000,
      endpoint: 'https://mirror.example/hf',
    });
    expect(() => readHubEnvironment({ HF_ENDPOINT: 'mirror' })).toThrow(/HF_ENDPOINT/);
  });
});
