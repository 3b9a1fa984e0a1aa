import { existsSync } from 'node:fs';
import { cp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate, SCENES, viewsOf } from '../support/cli.js';
import { FIXTURES } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';
import { copyAsTorch } from '../support/model/torch-checkpoint.js';
import { Pickler, torchFileOf } from '../support/model/torch-writer.js';

const EVERYTHING = ['--score-floor', '0.001', '--score-threshold', '0.01'];
const IMAGES = [join(SCENES, 'scene-01.jpg'), join(SCENES, 'scene-02.jpg')];

const run = (model: string, out: string) =>
  preannotate(['run', ...IMAGES, '--model', model, '--class', 'dog=a dog,puppy', '--out', out, ...EVERYTHING]);

/** Runs, and gives the annotation files without the line that names the model. */
async function annotations(model: string, out: string): Promise<Record<string, string>> {
  const { code, stderr } = await run(model, out);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const views = Object.entries(await viewsOf(out));
  return Object.fromEntries(views.map(([path, text]) => [path, text.replace(/^.*"model_sha256".*$/m, '')]));
}

describe('a checkpoint with pytorch_model.bin', () => {
  it.each(['owlvit-tiny', 'owlv2-tiny'])(
    '%s gives the annotations of its safetensors, whole and in shards, and nothing is written into its folder',
    async (name) => {
      const folder = await temporaryFolder();
      const shipped = join(FIXTURES, 'models', name);
      const expected = await annotations(shipped, join(folder, 'expected'));
      expect(expected['/coco/results.json']!.length).toBeGreaterThan(1000);
      for (const shards of [1, 2]) {
        const model = join(folder, `model-${shards}`);
        await copyAsTorch(shipped, model, { shards });
        const before = await readdir(model);
        expect(await annotations(model, join(folder, `out-${shards}`))).toEqual(expected);
        expect(await readdir(model)).toEqual(before);
      }
    },
  );

  it('is read from model.safetensors where both are there', async () => {
    const folder = await temporaryFolder();
    const model = join(folder, 'model');
    await cp(join(FIXTURES, 'models/owlvit-tiny'), model, { recursive: true });
    await writeFile(join(model, 'pytorch_model.bin'), 'not a checkpoint');
    expect((await run(model, join(folder, 'out'))).code).toBe(0);
    await rename(join(model, 'model.safetensors'), join(model, 'model-00001-of-00001.safetensors'));
    const index = { weight_map: { anything: 'model-00001-of-00001.safetensors' } };
    await writeFile(join(model, 'model.safetensors.index.json'), JSON.stringify(index));
    expect((await run(model, join(folder, 'sharded'))).code).toBe(0);
  });

  it('that would run a program is refused: exit code 2, naming the program and what to do', async () => {
    const folder = await temporaryFolder();
    const model = join(folder, 'model');
    await cp(join(FIXTURES, 'models/owlvit-tiny'), model, { recursive: true });
    await rm(join(model, 'model.safetensors'));
    const proof = join(folder, 'proof');
    const attack = new Pickler().raw(0x80, 2).global('posix', 'system').text(`touch ${proof}`).raw(0x85, 0x52, 0x2e);
    await writeFile(join(model, 'pytorch_model.bin'), torchFileOf(attack.finish()));
    const { code, stderr } = await run(model, join(folder, 'out'));
    expect(code).toBe(2);
    expect(stderr).toContain(join(model, 'pytorch_model.bin'));
    expect(stderr).toMatch(/asks for posix\.system, which is not allowed/);
    expect(stderr).toMatch(/Use model\.safetensors/);
    expect(existsSync(proof)).toBe(false);
  });

  it('lacking a shard is refused, naming it', async () => {
    const folder = await temporaryFolder();
    const model = join(folder, 'model');
    await copyAsTorch(join(FIXTURES, 'models/owlvit-tiny'), model, { shards: 2 });
    await rm(join(model, 'pytorch_model-00002-of-00002.bin'));
    const { code, stderr } = await run(model, join(folder, 'out'));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /pytorch_model\.bin\.index\.json: it names pytorch_model-00002-of-00002\.bin, which is not there/,
    );
  });
});
