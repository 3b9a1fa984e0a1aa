import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMIT, etagOf, HubServer, REPO, tinyModel } from '../../support/servers/hub-server.js';
import { machine, machineWithModel, WEIGHTS, WEIGHTS_BYTES } from './machine.js';

describe('models rm', () => {
  it('removes a model with all its revisions, prints what went, and leaves other models alone', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    const other = join(root, '../models--google--other/snapshots', COMMIT);
    await mkdir(other, { recursive: true });
    await writeFile(join(other, 'config.json'), '{}');
    const { code, stdout } = await models('rm', REPO);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Removed google\/owlvit-tiny \(1 revision, \d+\.\d kB\)/),
    });
    expect(await readdir(join(root, '..'))).toEqual(['.locks', 'models--google--other']);
    expect(await models('rm', REPO)).toMatchObject({ code: 2, stderr: expect.stringMatching(/is not in/) });
  });

  it('of one revision keeps what the others need', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machine(hub);
    await models('pull', `${REPO}@v1`);
    hub.commit = 'beef'.repeat(10);
    hub.files['config.json'] = Buffer.from(`${tinyModel()['config.json']!.toString()} `);
    await models('pull', REPO);
    expect(await readdir(join(root, 'blobs'))).toHaveLength(9);
    const { stdout } = await models('rm', `${REPO}@v1`);
    expect(stdout).toMatch(/7 files remain/);
    expect(await readdir(join(root, 'refs'))).toEqual(['main']);
    expect(await readdir(join(root, 'snapshots'))).toEqual([hub.commit]);
    expect(await models('verify', REPO)).toMatchObject({ code: 0 });
  });

  it('of one of two names of a revision takes away the name alone', async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    await models('pull', `${REPO}@v1`);
    expect((await models('rm', `${REPO}@v1`)).stdout).toBe(
      `Removed the name ${REPO}@v1; the same revision remains as main.\n`,
    );
    expect(await readdir(join(root, 'refs'))).toEqual(['main']);
    expect(await models('verify', REPO)).toMatchObject({ code: 0 });
  });

  it("keeps a blob that another model's snapshot links to", async () => {
    const hub = await HubServer.start();
    const { models, root } = await machineWithModel(hub);
    const other = join(root, '../models--google--other/snapshots', COMMIT);
    await mkdir(other, { recursive: true });
    const etag = etagOf(WEIGHTS, WEIGHTS_BYTES);
    await symlink(`../../../models--google--owlvit-tiny/blobs/${etag}`, join(other, WEIGHTS));
    expect((await models('rm', REPO)).stdout).toMatch(/1 file remains/);
    expect((await readFile(join(other, WEIGHTS))).equals(WEIGHTS_BYTES)).toBe(true);
    expect(await readdir(join(root, 'blobs'))).toEqual([etag]);
  });

  it('never leaves the cache: links are not followed, hostile names refused', async () => {
    const hub = await HubServer.start();
    const { models, root, folder, snapshot } = await machineWithModel(hub);
    const precious = join(folder, 'precious');
    await mkdir(precious);
    await writeFile(join(precious, etagOf(WEIGHTS, WEIGHTS_BYTES)), 'mine');
    const hostile = ['../precious', 'a/../../precious', `${REPO}@../../../precious`, '/tmp', 'builtin:emoji'];
    for (const { code } of await Promise.all(hostile.map((reference) => models('rm', reference)))) {
      expect(code).toBe(2);
    }
    await symlink(join(precious, etagOf(WEIGHTS, WEIGHTS_BYTES)), join(snapshot, 'extra'));
    await symlink(precious, join(snapshot, 'folder'));
    expect(await models('rm', REPO)).toMatchObject({ code: 0 });
    await mkdir(root);
    await symlink(precious, join(root, 'blobs'));
    await mkdir(join(root, 'snapshots'));
    expect(await models('rm', REPO)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is not a folder of the cache/),
    });
    expect(await readdir(precious)).toEqual([etagOf(WEIGHTS, WEIGHTS_BYTES)]);
  });
});
