import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate } from '../../support/cli.js';
import { COMMIT, etagOf, HubServer, REPO, tinyModel } from '../../support/servers/hub-server.js';
import { machineWithModel, WEIGHTS, WEIGHTS_BYTES } from './machine.js';

describe('damaged model files', () => {
  const flipped = Buffer.from(WEIGHTS_BYTES);
  flipped[flipped.length - 100]! ^= 1;

  it.each<[string, Buffer, RegExp]>([
    ['cut', WEIGHTS_BYTES.subarray(0, 700_000), /damaged/],
    ['with a flipped bit', flipped, /damaged/],
    ['a web page', Buffer.from('<!DOCTYPE html><html>Not found</html>'), /web page/],
    ['empty', Buffer.alloc(0), /empty/],
    ['of another model', Buffer.alloc(1000, 3), /damaged/],
  ])(
    '%s make a run exit 2 with both hashes and the command that repairs it, which does',
    async (_title, content, look) => {
      const hub = await HubServer.start();
      const { models, run, root, folder, snapshot } = await machineWithModel(hub);
      const expected = etagOf(WEIGHTS, WEIGHTS_BYTES);
      await writeFile(join(root, 'blobs', expected), content);

      const broken = await run('out');
      expect(broken).toMatchObject({ code: 2, stdout: '' });
      expect(broken.stderr).toMatch(look);
      expect(broken.stderr).toContain(`should be ${expected}, and is ${etagOf(WEIGHTS, content)}`);
      expect(broken.stderr).toContain(join(snapshot, WEIGHTS));
      expect(broken.stderr).toContain(`preannotate models pull ${REPO}`);
      expect(await readdir(join(folder, 'out')).catch(() => [])).not.toContain('detections.jsonl');

      const repaired = await models('pull', REPO);
      expect(repaired).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/model\.safetensors +943\.8 kB {2}repaired/),
      });
      expect(await run('out')).toMatchObject({ code: 0 });
    },
  );

  it('small ones are found out as well, and in a folder of the cache that is named directly', async () => {
    const hub = await HubServer.start();
    const { runArgs, env, snapshot, root } = await machineWithModel(hub);
    const config = tinyModel()['config.json']!;
    await writeFile(join(root, 'blobs', etagOf('config.json', config)), '{"model_type":"owlvit"}');
    const { code, stderr } = await preannotate(runArgs('out', snapshot), { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/config\.json is damaged: its git SHA-1 should be/);
    expect(stderr).toContain(`preannotate models pull ${REPO}@${COMMIT}`);
  });
});
