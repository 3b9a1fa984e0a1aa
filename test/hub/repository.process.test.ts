import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMIT, etagOf, HubServer, REPO, tinyModel } from '../support/servers/hub-server.js';
import { fileOf, machine } from './fetching.js';

const WEIGHTS = 'model.safetensors';

describe('a fetched model', () => {
  it.each(['relative', 'absolute', 'other-host'] as const)(
    'has the cache layout of huggingface_hub (%s redirect)',
    async (cdn) => {
      const hub = await HubServer.start({ cdn });
      const { ensure, root, done } = await machine(hub);
      const { folder, commit } = await ensure();
      expect({ folder, commit }).toEqual({ folder: join(root, 'snapshots', COMMIT), commit: COMMIT });
      expect(await readFile(join(root, 'refs/main'), 'utf8')).toBe(COMMIT);
      for (const [name, bytes] of Object.entries(tinyModel())) {
        const file = await fileOf(folder, name);
        expect(file.link).toBe(`../../blobs/${etagOf(name, bytes)}`);
        expect(file.bytes.equals(bytes)).toBe(true);
      }
      expect(await readdir(root)).toEqual(['blobs', 'refs', 'snapshots']);
      expect(await readdir(join(root, 'blobs'))).toHaveLength(8);
      const total = Object.values(tinyModel()).reduce((sum, { length }) => sum + length, 0);
      expect(done.at(-1)).toBe(total);
    },
  );

  it('is reused without a request, by branch and by commit', async () => {
    const hub = await HubServer.start();
    const { ensure } = await machine(hub);
    const first = await ensure();
    hub.seen.length = 0;
    expect((await ensure()).folder).toBe(first.folder);
    expect((await ensure(`${REPO}@${COMMIT}`)).folder).toBe(first.folder);
    expect(hub.seen).toEqual([]);
  });

  it('is updated by a pull to the new commit of its branch, which fetches only changed files', async () => {
    const hub = await HubServer.start();
    const { ensure, pull, root } = await machine(hub);
    await ensure();
    hub.commit = 'beef'.repeat(10);
    hub.files['config.json'] = Buffer.from('{"model_type": "owlvit"}');
    const { files, commit } = await pull();
    expect(files.filter(({ state }) => state === 'fetched').map(({ name }) => name)).toEqual(['config.json']);
    expect(await readFile(join(root, 'refs/main'), 'utf8')).toBe(commit);
    expect(hub.fetches(WEIGHTS)).toHaveLength(1);
    expect((await readdir(join(root, 'snapshots'))).sort()).toEqual([hub.commit, COMMIT].sort());
  });

  it.each(['v1', 'refs/pr/1'])('has a ref file for the revision %s', async (revision) => {
    const hub = await HubServer.start();
    const { ensure, root } = await machine(hub);
    await ensure(`${REPO}@${revision}`);
    expect(await readFile(join(root, 'refs', revision), 'utf8')).toBe(COMMIT);
  });

  it('is found offline when huggingface_hub fetched it and its blobs are links to a shared store', async () => {
    const { ensure, cache, root } = await machine(
      { url: 'http://127.0.0.1:9' },
      { variables: { HF_HUB_OFFLINE: '1' } },
    );
    const snapshot = join(root, 'snapshots', COMMIT);
    const store = join(cache, 'blobs/ab');
    for (const folder of [snapshot, store, join(root, 'refs'), join(root, 'blobs')])
      await mkdir(folder, { recursive: true });
    await writeFile(join(root, 'refs/main'), COMMIT);
    for (const [name, bytes] of Object.entries(tinyModel())) {
      const etag = etagOf(name, bytes);
      const isLarge = name === WEIGHTS;
      const xet = 'ab'.repeat(32);
      await writeFile(isLarge ? join(store, xet) : join(root, 'blobs', etag), bytes);
      if (isLarge) await symlink(`../../blobs/ab/${xet}`, join(root, 'blobs', etag));
      await symlink(`../../blobs/${etag}`, join(snapshot, name));
    }
    expect((await ensure()).folder).toBe(snapshot);
  });

  it('is completed when the cache has only some of its files', async () => {
    const hub = await HubServer.start();
    const { ensure, root } = await machine(hub);
    const { folder } = await ensure();
    await rm(join(folder, WEIGHTS));
    await rm(join(folder, 'vocab.json'));
    await rm(join(root, 'blobs', etagOf('vocab.json', tinyModel()['vocab.json']!)));
    await rm(join(folder, 'tokenizer.json'));
    await ensure();
    expect(Object.keys(tinyModel()).sort()).toEqual((await readdir(folder)).sort());
    expect(hub.fetches(WEIGHTS)).toHaveLength(1); // its blob was already in the cache
  });

  it('consists of copies when symbolic links are disabled', async () => {
    const hub = await HubServer.start();
    const { ensure } = await machine(hub, { variables: { HF_HUB_DISABLE_SYMLINKS: '1' } });
    const { folder } = await ensure();
    expect((await lstat(join(folder, WEIGHTS))).isFile()).toBe(true);
    expect((await readFile(join(folder, WEIGHTS))).equals(tinyModel()[WEIGHTS]!)).toBe(true);
  });

  it('causes no further requests for preferred weights that the hub does not have', async () => {
    const { 'model.safetensors': weights, ...small } = tinyModel();
    const hub = await HubServer.start({ files: { ...small, 'onnx/model_quantized.onnx': weights! } });
    const { ensure, root } = await machine(hub);
    const { folder } = await ensure();
    expect((await fileOf(folder, 'onnx/model_quantized.onnx')).link).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\//);
    expect(await readdir(join(root, '.no_exist', COMMIT, 'onnx'))).toEqual(['model.onnx', 'model_fp16.onnx']);
    hub.seen.length = 0;
    await ensure();
    expect(hub.seen).toEqual([]);
  });

  it('is not written outside its folder, whatever file names the hub lists', async () => {
    const listed = ['../../../evil.json', '/tmp/evil', 'onnx/..\\..\\evil', 'config.json/../../x', 'a\u0000b'];
    const hub = await HubServer.start({ listed });
    const { ensure, cache } = await machine(hub);
    await ensure();
    const all = await readdir(cache, { recursive: true });
    expect(all.filter((name) => name.includes('evil') || name.endsWith('/x'))).toEqual([]);
    expect(hub.seen.filter(({ path }) => path.includes('evil'))).toEqual([]);
  });

  it('is refused when the server gives an invalid hash', async () => {
    const hub = await HubServer.start({
      trick: (_request, response, { method }) => {
        if (method !== 'HEAD') return false;
        response.writeHead(200, { etag: '"../../../evil"', 'x-repo-commit': COMMIT, 'content-length': '3' }).end();
        return true;
      },
    });
    const { ensure, cache } = await machine(hub);
    await expect(ensure()).rejects.toMatchObject({ code: 'MODEL_DOWNLOAD_FAILED' });
    expect((await readdir(cache, { recursive: true })).join()).not.toMatch(/evil/);
  });
});

describe('fetching a model', () => {
  it('fails offline, without a request, with the variable, the cache and how to fetch it', async () => {
    const hub = await HubServer.start();
    const { ensure, cache } = await machine(hub, { variables: { HF_HUB_OFFLINE: '1' } });
    await expect(ensure()).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringMatching(new RegExp(`${cache}.*HF_HUB_OFFLINE`)),
      hint: expect.stringMatching(/preannotate models pull google\/owlvit-tiny[^]*builtin:emoji/),
    });
    expect(hub.seen).toEqual([]);
  });

  it('fails with the names of the missing files when it has no weights and no tokenizer', async () => {
    const { 'config.json': config } = tinyModel();
    const hub = await HubServer.start({ files: { 'config.json': config! } });
    await expect((await machine(hub)).ensure()).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/lacks a tokenizer and weights/),
    });
  });

  it.each([
    ['from a missing repository', 'google/nothing', 'MODEL_GATED|MODEL_NOT_FOUND', /google\/nothing/],
    ['at a missing revision', `${REPO}@v9`, 'MODEL_NOT_FOUND', /no revision "v9"/],
  ])('%s fails with its name and the address of the hub', async (_title, reference, code, message) => {
    const hub = await HubServer.start();
    await expect((await machine(hub)).ensure(reference)).rejects.toMatchObject({
      code: expect.stringMatching(code),
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hub.url),
    });
  });

  it.each([
    [401, {}],
    [403, { HF_TOKEN: 'hf_x' }],
  ])('fails with HF_TOKEN and the page of the model when it is gated (status %i)', async (status, variables) => {
    const hub = await HubServer.start({
      trick: (_request, response) => {
        response.writeHead(status, { 'x-error-code': 'GatedRepo', 'x-error-message': 'Access is restricted' }).end();
        return true;
      },
    });
    await expect((await machine(hub, { variables })).ensure()).rejects.toMatchObject({
      code: 'MODEL_GATED',
      message: expect.stringMatching(/Access is restricted/),
      hint: expect.stringMatching(new RegExp(`(${hub.url}/${REPO}.*HF_TOKEN)|(HF_TOKEN.*${hub.url}/${REPO})`)),
    });
    expect(hub.seen).toHaveLength(1);
  });

  it('fails with the name of a file that the hub lists but does not have', async () => {
    const hub = await HubServer.start({ listed: ['preprocessor_config.json'] });
    delete hub.files['preprocessor_config.json'];
    await expect((await machine(hub)).ensure()).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringMatching(/preprocessor_config\.json/),
    });
  });
});
