import { describe, expect, it } from 'vitest';
import { preannotate } from '../../support/cli.js';
import { canMount, resizeDisk, smallDisk } from '../../support/system/disk.js';
import { COMMIT, etagOf, HubServer, REPO } from '../../support/servers/hub-server.js';
import { machine, WEIGHTS, WEIGHTS_BYTES } from './machine.js';

describe('models pull', () => {
  it('prints what was fetched and what was there, as text and as JSON', async () => {
    const hub = await HubServer.start();
    const { models, snapshot } = await machine(hub);
    const first = await models('pull', REPO);
    expect(first.stdout).toMatch(new RegExp(`${REPO} is at ${COMMIT}\n  config\\.json +1\\.1 kB  fetched`));
    const again = await models('pull', REPO, '--json');
    const result = JSON.parse(again.stdout) as { files: { name: string; hash: string; state: string }[] };
    expect(result).toMatchObject({ reference: REPO, commit: COMMIT, path: snapshot });
    expect(result.files).toContainEqual({
      name: WEIGHTS,
      hash: etagOf(WEIGHTS, WEIGHTS_BYTES),
      size_bytes: WEIGHTS_BYTES.length,
      state: 'present',
    });
    expect(again.stderr).toBe('');
  });

  it('of the built-in model has nothing to do; of a folder is refused', async () => {
    const { models } = await machine();
    expect(await models('pull', 'builtin:emoji')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ships with/),
    });
    expect(await models('pull', './xdg-not-there')).toMatchObject({ code: 2 });
    expect(await models('pull', '.')).toMatchObject({ code: 2, stderr: expect.stringMatching(/org\/name/) });
  });

  it('of a gated model exits 2 and names HF_TOKEN; without a network exits 1', async () => {
    const hub = await HubServer.start({
      trick: (_request, response) => {
        response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
        return true;
      },
    });
    const gated = await machine(hub);
    expect(await gated.models('pull', REPO)).toMatchObject({ code: 2, stderr: expect.stringMatching(/HF_TOKEN/) });
    const alone = await machine();
    expect(await alone.models('pull', REPO)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/could not be fetched/),
    });
  });
});

describe.skipIf(!canMount)('a pull into a full disk (skipped where no disk can be mounted)', () => {
  it('names the file and the reason; with more room, the same command goes on from there', async () => {
    const hub = await HubServer.start();
    const disk = await smallDisk('600k');
    const { env, folder } = await machine(hub);
    const pull = () => preannotate(['models', 'pull', REPO], { env: { ...env, HF_HUB_CACHE: disk }, cwd: folder });
    const full = await pull();
    expect(full).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/incomplete cannot be written: the disk is full/),
    });
    resizeDisk(disk, '4m');
    expect(await pull()).toMatchObject({ code: 0 });
    expect(hub.fetches(WEIGHTS)[1]!.range).toMatch(/^bytes=[1-9]/);
  });
});
