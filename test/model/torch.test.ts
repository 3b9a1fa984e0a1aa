import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/core/errors.js';
import { readCheckpoint } from '../../src/model/checkpoint.js';
import { PICKLE_LIMITS } from '../../src/model/pickle.js';
import { readTorchIndex } from '../../src/model/torch.js';
import { Random } from '../bench/random.js';
import { FIXTURES, goldenCases, maxDifference, tensorsOf } from '../support/golden.js';
import { runGolden } from '../support/golden-model.js';
import { temporaryFolder } from '../support/temporary.js';
import { copyAsHalf, copyAsTorch } from '../support/torch-checkpoint.js';
import { Pickler, torchFile, torchFileOf, zip, type WrittenStorage, type ZipEntry } from '../support/torch-writer.js';

const TOLERANCE = 1e-4; // logits and boxes, float32 on a CPU
const HALF_TOLERANCE = 0.02; // with weights rounded to float16, eleven bits

describe('the reference checkpoints as pytorch_model.bin', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'preannotate-torch-'));
    for (const model of ['owlvit-tiny', 'owlv2-tiny']) {
      const shipped = join(FIXTURES, 'models', model);
      await copyAsTorch(shipped, join(root, 'whole', model));
      await copyAsTorch(shipped, join(root, 'sharded', model), { shards: 3 });
      await copyAsTorch(shipped, join(root, 'half', model), { half: true });
      await copyAsHalf(shipped, join(root, 'half-safetensors', model));
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  describe.each(goldenCases('forward'))('reference case $name', (golden) => {
    const tensor = tensorsOf(golden);

    it.each(['whole', 'sharded'])('%s, has the reference outputs', async (form) => {
      const folder = join(root, form, golden.model);
      const { embeddings, outputs, columns } = await runGolden(golden, { folder });
      expect(maxDifference(embeddings, tensor('text_embeds').data)).toBeLessThan(1e-5);
      expect(maxDifference(columns(outputs.logits), tensor('logits').data)).toBeLessThan(TOLERANCE);
      expect(maxDifference(outputs.boxes, tensor('pred_boxes').data)).toBeLessThan(TOLERANCE);
    });

    it('in float16, has the outputs of float16 safetensors, which are near the reference', async () => {
      const torch = await runGolden(golden, { folder: join(root, 'half', golden.model) });
      const safetensors = await runGolden(golden, { folder: join(root, 'half-safetensors', golden.model) });
      expect(torch.embeddings).toEqual(safetensors.embeddings);
      expect(torch.outputs).toEqual(safetensors.outputs);
      expect(maxDifference(torch.columns(torch.outputs.logits), tensor('logits').data)).toBeLessThan(HALF_TOLERANCE);
      expect(maxDifference(torch.outputs.boxes, tensor('pred_boxes').data)).toBeLessThan(HALF_TOLERANCE);
    });
  });

  it('int8 weights are those that safetensors give', async () => {
    const golden = goldenCases('forward')[0]!;
    const [torch, safetensors] = await Promise.all([
      runGolden(golden, { precision: 'int8', folder: join(root, 'whole', golden.model) }),
      runGolden(golden, { precision: 'int8' }),
    ]);
    expect(torch.outputs).toEqual(safetensors.outputs);
  });

  it('model.safetensors is taken where both are there', async () => {
    const folder = join(await temporaryFolder(), 'both');
    await cp(join(FIXTURES, 'models/owlvit-tiny'), folder, { recursive: true });
    await writeFile(join(folder, 'pytorch_model.bin'), 'not even a zip archive');
    const { weightFiles } = await readCheckpoint(folder);
    expect(weightFiles.map((file) => file.slice(folder.length + 1))).toEqual(['model.safetensors']);
  });
});

describe('what a checkpoint of PyTorch may hold', () => {
  const storage: WrittenStorage = { type: 'Float', bytes: new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer) };

  it('tensors share storages, and lie at their offset in the file', async () => {
    const tensors = await indexOf(
      torchFile({ a: { storage, shape: [2, 2] }, b: { storage, shape: [2], offset: 4 }, c: { storage, shape: [] } }),
    );
    expect([...tensors.keys()]).toEqual(['a', 'b', 'c']);
    expect(tensors.get('b')!.offset - tensors.get('a')!.offset).toBe(16);
    expect(tensors.get('b')).toMatchObject({ type: 'float32', shape: [2], sizeBytes: 8, file: 'pytorch_model.bin' });
    expect(tensors.get('c')).toMatchObject({ shape: [], sizeBytes: 4 });
  });

  it('a transposed matrix is known by its strides; one with gaps is refused by name', async () => {
    const transposed = { storage, shape: [3, 2], strides: [1, 3] };
    expect((await indexOf(torchFile({ transposed }))).get('transposed')).toMatchObject({ shape: [3, 2], axes: [1, 0] });
    const gaps = { storage, shape: [2], strides: [3] };
    await expect(indexOf(torchFile({ gaps }))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('"gaps" has gaps between its numbers (strides 3)') as string,
    });
  });

  it('a tensor that reaches past its storage is refused by name', async () => {
    const long = { storage, shape: [7] };
    await expect(indexOf(torchFile({ long }))).rejects.toThrow(/"long" reaches past the end of data\/0/);
  });

  it('an archive that is compressed, big-endian, doubled or of the form before PyTorch 1.6 is refused', async () => {
    const pickle = new Pickler().raw(0x80, 2, 0x7d, 0x2e).finish();
    const refused = async (file: Buffer) =>
      indexOf(file).then(
        () => 'accepted',
        (error: unknown) => messageOf(error),
      );
    const entry = (name: string, more: Partial<ZipEntry> = {}): ZipEntry => ({ name, bytes: pickle, ...more });
    expect(await refused(zip([entry('a/data.pkl', { method: 8 })]))).toMatch(/compressed or encrypted/);
    expect(await refused(zip([entry('a/data.pkl'), entry('a/data.pkl')]))).toMatch(/"a\/data.pkl" twice/);
    expect(await refused(zip([entry('a/data.pkl'), entry('b/data.pkl')]))).toMatch(/holds 2 files data.pkl/);
    expect(await refused(zip([entry('a/data.pkl'), entry('../../etc/x')]))).toMatch(/invalid relative path/);
    const order = { name: 'archive/byteorder', bytes: Buffer.from('big') };
    expect(await refused(torchFileOf(pickle, [order]))).toMatch(/big-endian/);
    const legacy = Buffer.concat([Buffer.from('80028a0a6cfc9c46f9206aa85019', 'hex'), Buffer.alloc(100)]);
    await expect(indexOf(legacy)).rejects.toMatchObject({ hint: expect.stringContaining('torch.save(') as string });
    expect(await refused(Buffer.from('<!DOCTYPE html><html>404</html>'))).toMatch(/not a usable PyTorch checkpoint/);
    expect(await refused(Buffer.alloc(0))).toMatch(/not a usable PyTorch checkpoint/);
  });
});

describe('a pickle that wants more than tensors', () => {
  const call = (module: string, name: string, argument: string) =>
    new Pickler().raw(0x80, 2).global(module, name).text(argument).raw(0x85, 0x52, 0x2e).finish();

  it.each([
    ['os', 'system', 'touch /tmp/owned'],
    ['posix', 'system', 'id'],
    ['builtins', 'eval', '1+1'],
    ['builtins', 'exec', 'import os'],
    ['builtins', 'getattr', 'x'],
    ['subprocess', 'Popen', 'sh'],
    ['torch.hub', 'load', 'x'],
    ['torch', 'load', 'x'],
    ['collections', 'OrderedDict.fromkeys', 'x'],
    ['__proto__', 'constructor', 'x'],
    ['constructor', 'prototype', 'x'],
    ['numpy.core.multiarray', '_reconstruct', 'x'],
  ])('%s.%s is refused by its name', async (module, name, argument) => {
    await expect(indexOf(torchFileOf(call(module, name, argument)))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(`it asks for ${module}.${name}, which is not allowed`) as string,
      hint: expect.stringContaining('could run a program') as string,
    });
  });

  it('by the ways of other protocols it is refused too', async () => {
    const stackGlobal = new Pickler()
      .raw(0x80, 4)
      .raw(0x8c, 2)
      .raw(...Buffer.from('os'))
      .raw(0x8c, 6);
    const byStack = stackGlobal
      .raw(...Buffer.from('system'))
      .raw(0x93, 0x2e)
      .finish();
    const byInstance = new Pickler()
      .raw(0x80, 2, 0x28, 0x69)
      .raw(...Buffer.from('os\nsystem\n'))
      .raw(0x2e)
      .finish();
    for (const pickle of [byStack, byInstance]) {
      await expect(indexOf(torchFileOf(pickle))).rejects.toThrow(/it asks for os.system/);
    }
  });

  it('bombs are refused before they grow', async () => {
    const refused = async (pickle: Buffer) => {
      await expect(indexOf(torchFileOf(pickle))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    };
    const repeated = (count: number, ...bytes: number[]) =>
      Buffer.concat([Buffer.from([0x80, 2]), ...Array<Buffer>(count).fill(Buffer.from(bytes)), Buffer.from([0x2e])]);
    await refused(repeated(1_000_000, 0x28)); // marks
    await refused(repeated(PICKLE_LIMITS.instructions + 1, 0x4e)); // values
    await refused(repeated(900_000, 0x5d, 0x71, 0)); // lists, each in the memo
    await refused(Buffer.alloc(PICKLE_LIMITS.bytes + 1, 0x4e));
    const doubling = Array.from({ length: 30 }, (_, i) => [0x5d, 0x71, i + 1, 0x68, i, 0x61, 0x68, i, 0x61]).flat();
    await refused(Buffer.from([0x80, 2, 0x5d, 0x71, 0, ...doubling, 0x2e])); // a list of 2^30 lists
    await refused(Buffer.from([0x80, 2, 0x8a, 255, ...Array<number>(255).fill(255), 0x2e])); // a huge number
    await refused(Buffer.from([0x80, 2, 0x58, 0xff, 0xff, 0xff, 0x7f, 0x2e])); // a text of 2 GB
  });

  it('cut at any byte, or with bytes changed at random, it is refused or gives tensors inside the file', async () => {
    const storage: WrittenStorage = { type: 'Half', bytes: new Uint8Array(4000) };
    const whole = torchFile({ 'a.weight': { storage, shape: [20, 50] }, b: { storage, shape: [1000], offset: 1000 } });
    const check = async (file: Buffer) => {
      const tensors = await indexOf(file).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'MODEL_INVALID' });
        return new Map<string, { offset: number; sizeBytes: number }>();
      });
      for (const { offset, sizeBytes } of tensors.values()) expect(offset + sizeBytes).toBeLessThanOrEqual(file.length);
    };
    for (let length = 0; length < whole.length; length += 97) await check(whole.subarray(0, length));
    const random = new Random(7);
    for (let round = 0; round < 400; round++) {
      const file = Buffer.from(whole);
      for (let i = 0; i < 3; i++) {
        const at = Math.floor(Math.abs(random.uniform()) * file.length) % file.length;
        file[at] = Math.floor(Math.abs(random.uniform()) * 256) % 256;
      }
      await check(file);
    }
  });
});

async function indexOf(file: Buffer) {
  const path = join(await temporaryFolder(), 'pytorch_model.bin');
  await writeFile(path, file);
  return readTorchIndex(path);
}
