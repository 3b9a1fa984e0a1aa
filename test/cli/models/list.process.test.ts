import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { COMMIT, etagOf, HubServer, REPO, tinyModel } from '../../support/servers/hub-server.js';
import { machine, machineWithModel, WEIGHTS, WEIGHTS_BYTES } from './machine.js';

describe('models list, info, verify', () => {
  it('list shows the built-in model and those of the cache that can be used', async () => {
    const hub = await HubServer.start();
    const { models, root, folder } = await machineWithModel(hub);
    await models('pull', `${REPO}@v1`);
    const other = join(root, '../models--meta--llm/snapshots', COMMIT);
    await mkdir(other, { recursive: true });
    await writeFile(join(other, 'config.json'), '{"model_type": "llama"}');
    const { stdout } = await models('list');
    expect(stdout).toMatch(/^builtin:emoji +2\.\d MB {2}shipped/);
    expect(stdout).toMatch(/\ngoogle\/owlvit-tiny +986\.9 kB {2}c0ffee012345 {2}\//);
    expect(stdout).not.toMatch(/llm/);
    expect(stdout).toMatch(/1 more/);
    const listed = JSON.parse((await models('list', '--json')).stdout) as { cache: string; models: unknown[] };
    expect(listed.cache).toBe(join(folder, 'hf/hub'));
    expect(listed.models).toHaveLength(2);
  });

  it('list shows how fast a model is here, once bench has measured it', async () => {
    const { models, env, folder } = await machine();
    expect((await models('list')).stdout).not.toMatch(/images\/s here/);
    const args = [
      'bench',
      '--model',
      'builtin:emoji',
      '--device',
      'cpu',
      '--precision',
      'fp32',
      '--budget',
      '3s',
      '--quiet',
    ];
    expect(await preannotate(args, { env, cwd: folder })).toMatchObject({ code: 0 });
    expect((await models('list')).stdout).toMatch(/^builtin:emoji .* {2}[\d.]+ images\/s here in fp32\n/);
    expect(JSON.parse((await models('list', '--json')).stdout)).toMatchObject({
      models: [{ reference: 'builtin:emoji', measured: { images_per_sec: { fp32: expect.any(Number) as number } } }],
    });
  });

  it('info shows type, sizes, weights and the hash of each file, and fetches nothing', async () => {
    const hub = await HubServer.start();
    const empty = await machine(hub);
    expect(await empty.models('info', REPO)).toMatchObject({ code: 2, stderr: expect.stringMatching(/models pull/) });
    const { models } = await machineWithModel(hub);
    const info = JSON.parse((await models('info', REPO, '--json')).stdout) as Record<string, unknown>;
    expect(info).toMatchObject({
      type: 'owlvit',
      commit: COMMIT,
      image_size: 96,
      patch_size: 16,
      weights: ['float32'],
      sha256: etagOf(WEIGHTS, WEIGHTS_BYTES),
      files: expect.arrayContaining([
        { name: WEIGHTS, size_bytes: WEIGHTS_BYTES.length, hash: etagOf(WEIGHTS, WEIGHTS_BYTES) },
      ]),
    });
    expect(hub.seen).toEqual([]);
    expect((await models('info', 'builtin:emoji')).stdout).toMatch(/type +owlvit, \d/);
    expect(await models('info', join(FIXTURES, 'models/owlv2-tiny'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/owlv2/),
    });
  });

  it('verify reads every file and names the damaged ones and the command that repairs them; it exits 2', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    expect(await models('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/owlvit-tiny: 8 files are intact/),
    });
    const flipped = Buffer.from(WEIGHTS_BYTES);
    flipped[5000]! ^= 1;
    await writeFile(join(root, 'blobs', etagOf(WEIGHTS, WEIGHTS_BYTES)), flipped);
    await rm(join(root, 'blobs', etagOf('vocab.json', tinyModel()['vocab.json']!)));
    const { code, stdout } = await models('verify', REPO);
    expect(code).toBe(2);
    expect(stdout).toMatch(/2 of 8 files are damaged/);
    expect(stdout).toContain(etagOf(WEIGHTS, flipped));
    expect(stdout).toMatch(/missing/);
    expect(stdout).toContain(`preannotate models pull ${REPO}`);
    expect(JSON.parse((await models('verify', '--json')).stdout)).toMatchObject({ intact: false });
    await models('pull', REPO);
    expect(await models('verify', REPO)).toMatchObject({ code: 0 });
  });
});

describe('help of models', () => {
  it.each(['list', 'pull', 'info', 'verify', 'rm'])('models %s --help has examples', async (name) => {
    const { models } = await machine();
    expect(await models(name, '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`Examples:\n  preannotate models ${name}`)),
    });
  });

  it('without a command lists them all and exits 2', async () => {
    const { models } = await machine();
    const { code, stderr, stdout } = await models();
    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(/list[^]*pull[^]*info[^]*verify[^]*rm/);
  });
});
