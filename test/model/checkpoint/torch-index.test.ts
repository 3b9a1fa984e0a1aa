import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PreannotateError } from '../../../src/core/errors.js';
import { PICKLE_LIMITS } from '../../../src/model/checkpoint/pickle.js';
import { readTorchIndex } from '../../../src/model/checkpoint/torch.js';
import { temporaryFolder } from '../../support/temporary.js';
import { Pickler, torchFile, torchFileOf, zip, type WrittenTensor } from '../../support/model/torch-writer.js';

/**
 * Pickles of one state dict, with a transposed parameter, a shared storage, integers and `_metadata`, by CPython 3.11.
 */
const BY_PYTHON = {
  2: 'gAJjY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcQApUnEBKFgIAAAAYS53ZWlnaHRxAmN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfdGVuc29yX3YyCnEDKChYBwAAAHN0b3JhZ2VxBGN0b3JjaApGbG9hdFN0b3JhZ2UKcQVYAQAAADBxBlgDAAAAY3B1cQdLBnRxCFFLAEsCSwOGcQlLA0sBhnEKiWgAKVJxC3RxDFJxDVgIAAAAYi53ZWlnaHRxDmN0b3JjaC5fdXRpbHMKX3JlYnVpbGRfcGFyYW1ldGVyCnEPaAMoKGgEaAVoBmgHSwZ0cRBRSwJLAksChnERSwFLAoZxEoloAClScRN0cRRScRWIaAApUnEWh3EXUnEYWAMAAABpZHNxGWgDKChoBGN0b3JjaApMb25nU3RvcmFnZQpxGlgBAAAAMXEbaAdLAnRxHFFLAGgSSwJLAYZxHYloAClScR50cR9ScSBYBQAAAHNjYWxlcSFoAygoaARoBWgGaAdLBnRxIlFLBSkpiWgAKVJxI3RxJFJxJXV9cSZYCQAAAF9tZXRhZGF0YXEnaAApUnEoKFgAAAAAcSl9cSpYBwAAAHZlcnNpb25xK0sBc1gBAAAAYXEsfXEtaCtLAXN1c2Iu',
  4: 'gASVkAEAAAAAAACMC2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpQojAhhLndlaWdodJSMDHRvcmNoLl91dGlsc5SMEl9yZWJ1aWxkX3RlbnNvcl92MpSTlCgojAdzdG9yYWdllIwFdG9yY2iUjAxGbG9hdFN0b3JhZ2WUk5SMATCUjANjcHWUSwZ0lFFLAEsCSwOGlEsDSwGGlIloAilSlHSUUpSMCGIud2VpZ2h0lGgFjBJfcmVidWlsZF9wYXJhbWV0ZXKUk5RoBygoaAhoC2gMaA1LBnSUUUsCSwJLAoaUSwFLAoaUiWgCKVKUdJRSlIhoAilSlIeUUpSMA2lkc5RoBygoaAhoCYwLTG9uZ1N0b3JhZ2WUk5SMATGUaA1LAnSUUUsAaBlLAksBhpSJaAIpUpR0lFKUjAVzY2FsZZRoBygoaAhoC2gMaA1LBnSUUUsFKSmJaAIpUpR0lFKUdX2UjAlfbWV0YWRhdGGUaAIpUpQojACUfZSMB3ZlcnNpb26USwFzjAFhlH2UaDNLAXN1c2Iu',
};

const floats = (count: number) => ({ type: 'Float', bytes: new Uint8Array(count * 4) }) as const;

async function fileOf(bytes: Uint8Array, name = 'pytorch_model.bin'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  return path;
}

const indexOf = async (tensors: Record<string, WrittenTensor>) => readTorchIndex(await fileOf(torchFile(tensors)));

/** Expects a refusal that names the file, the reason and what to do. */
async function expectRefused(bytes: Uint8Array, reason: RegExp, hint = /Fetch|Convert|model\.safetensors/) {
  const path = await fileOf(bytes);
  const error: unknown = await readTorchIndex(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PreannotateError);
  const { code, message, hint: actualHint } = error as PreannotateError;
  expect({ code, message }).toEqual({ code: 'MODEL_INVALID', message: expect.stringMatching(reason) as string });
  expect(message).toContain(path);
  expect(message.length).toBeLessThan(path.length + 400);
  expect(actualHint).toMatch(hint);
}

describe('readTorchIndex', () => {
  it('locates each floating-point tensor, and leaves integers out', async () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    const storage = { type: 'Float', bytes: new Uint8Array(values.buffer) } as const;
    const path = await fileOf(
      torchFile({
        first: { storage, shape: [2, 2] },
        last: { storage, shape: [2], offset: 4, parameter: true },
        half: { storage: { type: 'Half', bytes: new Uint8Array(6) }, shape: [3, 1] },
        brain: { storage: { type: 'BFloat16', bytes: new Uint8Array(2) }, shape: [] },
        ids: { storage: { type: 'Long', bytes: new Uint8Array(16) }, shape: [1, 2] },
        double: { storage: { type: 'Double', bytes: new Uint8Array(8) }, shape: [1] },
      }),
    );
    const index = await readTorchIndex(path);
    expect([...index.keys()]).toEqual(['first', 'last', 'half', 'brain']);
    expect(index.get('first')).toMatchObject({
      file: 'pytorch_model.bin',
      type: 'float32',
      shape: [2, 2],
      sizeBytes: 16,
    });
    expect(index.get('half')).toMatchObject({ type: 'float16', shape: [3, 1], sizeBytes: 6 });
    expect(index.get('brain')).toMatchObject({ type: 'bfloat16', shape: [], sizeBytes: 2 });
    const file = await readFile(path);
    const { offset, sizeBytes } = index.get('last')!;
    expect(sizeBytes).toBe(8);
    expect([file.readFloatLE(offset), file.readFloatLE(offset + 4)]).toEqual([5, 6]);
  });

  it.each(Object.entries(BY_PYTHON))("reads what Python's own pickler writes at protocol %s", async (_, base64) => {
    const path = await fileOf(
      zip([
        { name: 'model/data.pkl', bytes: Buffer.from(base64, 'base64') },
        { name: 'model/data/0', bytes: new Uint8Array(24) },
        { name: 'model/data/1', bytes: new Uint8Array(16) },
      ]),
    );
    const index = await readTorchIndex(path);
    const { offset } = index.get('a.weight')!;
    expect(Object.fromEntries(index)).toMatchObject({
      'a.weight': { type: 'float32', shape: [2, 3], sizeBytes: 24 },
      'b.weight': { shape: [2, 2], offset: offset + 8, sizeBytes: 16, axes: [1, 0] },
      scale: { shape: [], offset: offset + 20, sizeBytes: 4 },
    });
    expect(index.has('ids')).toBe(false);
  });

  it.each<[string, number[], number[], number[] | undefined]>([
    ['row by row', [2, 3, 4], [12, 4, 1], undefined],
    ['transposed', [4, 6], [1, 4], [1, 0]],
    ['channels last', [2, 3, 2, 2], [12, 1, 6, 3], [0, 2, 3, 1]],
    ['with axes of length 1, whose strides say nothing', [1, 24, 1], [7, 1, 99], undefined],
    ['transposed beside an axis of length 1', [1, 4, 6], [5, 1, 4], [2, 0, 1]],
    ['empty', [0, 5], [5, 1], undefined],
  ])('takes a tensor that lies %s', async (_what, shape, strides, axes) => {
    const index = await indexOf({ a: { storage: floats(24), shape, strides } });
    expect(index.get('a')!.axes).toEqual(axes);
  });

  it.each<[string, Partial<WrittenTensor>, RegExp]>([
    ['with gaps', { shape: [2, 3], strides: [8, 1] }, /"a" has gaps.*strides 8,1/],
    ['that repeats a row', { shape: [4, 6], strides: [0, 1] }, /"a" has gaps/],
    ['whose rows overlap', { shape: [4, 6], strides: [3, 1] }, /"a" has gaps/],
    ['past the end of its storage', { shape: [5, 5] }, /"a" reaches past the end of data\/0/],
    ['past the end by its offset', { shape: [4], offset: 21 }, /"a" reaches past the end/],
    ['of absurd size', { shape: Array<number>(8).fill(2 ** 31 - 1) }, /"a" reaches past the end/],
    ['of nine dimensions', { shape: Array<number>(9).fill(1) }, /wrong arguments/],
    ['with a stride too few', { shape: [4, 6], strides: [1] }, /2 dimensions with 1 strides/],
  ])('refuses a tensor %s', async (_what, tensor, reason) => {
    await expectRefused(torchFile({ a: { storage: floats(24), shape: [24], ...tensor } }), reason);
  });
});

describe('archives that are not what torch.save writes', () => {
  const state = Buffer.from(BY_PYTHON[2], 'base64');
  const storages = [
    { name: 'model/data/0', bytes: new Uint8Array(24) },
    { name: 'model/data/1', bytes: new Uint8Array(16) },
  ];
  const index = { name: 'model/data.pkl', bytes: state };
  const legacy = Buffer.concat([
    Buffer.from('80028a0a6cfc9c46f9206aa85019', 'hex'),
    Buffer.from('.\x80\x02M\xe9\x03.'),
  ]);

  it.each<[string, Uint8Array, RegExp, RegExp?]>([
    ['an empty file', Buffer.alloc(0), /zip/i],
    ['an HTML page', Buffer.from('<!doctype html><title>404</title>'), /not a zip file/i],
    ['the form before PyTorch 1.6', legacy, /before 1\.6/, /Convert it.*torch\.save\(torch\.load/],
    ['a bare pickle', state, /not a zip file/i],
    ['no index', zip(storages), /0 files data\.pkl/],
    ['two indexes', zip([index, { ...index, name: 'other/data.pkl' }, ...storages]), /2 files data\.pkl/],
    ['a missing storage', zip([index, storages[1]!]), /lacks data\/0/],
    ['a storage twice', zip([index, ...storages, storages[0]!]), /"model\/data\/0" twice/],
    ['a short storage', zip([index, { ...storages[0]!, bytes: new Uint8Array(20) }, storages[1]!]), /past the end/],
    ['a compressed storage', zip([index, { ...storages[0]!, method: 8 }]), /data\/0 is compressed/],
    ['a compressed index', zip([{ ...index, method: 8 }, ...storages]), /data\.pkl is compressed/],
    ['an encrypted storage', zip([index, { ...storages[0]!, flags: 9 }]), /encrypted|mismatch/],
    [
      'big-endian numbers',
      zip([index, ...storages, { name: 'model/byteorder', bytes: Buffer.from('big') }]),
      /big-endian/,
    ],
    ['a name outside the archive', zip([index, ...storages, { name: '../x', bytes: state }]), /\.\.\/x/],
    ['an absolute name', zip([index, ...storages, { name: '/etc/x', bytes: state }]), /\/etc\/x/],
    [
      'very many files',
      zip(Array.from({ length: 21_000 }, (_, i) => ({ name: `model/data/${i}`, bytes: Buffer.alloc(0) }))),
      /21000 files/,
    ],
  ])('are refused: %s', async (_what, bytes, reason, hint) => {
    await expectRefused(bytes, reason, hint);
  });
});

describe('pickles that ask for more than tensors', () => {
  const p = () => new Pickler().raw(0x80, 2);
  const call = (module: string, name: string) => p().global(module, name).text('id').raw(0x85, 0x52, 0x2e).finish();

  it.each([
    ['os.system', call('os', 'system')],
    ['posix.system', call('posix', 'system')],
    ['builtins.eval', call('builtins', 'eval')],
    ['__builtin__.exec', call('__builtin__', 'exec')],
    ['subprocess.Popen', call('subprocess', 'Popen')],
    ['torch.load', call('torch', 'load')],
    ['builtins.getattr', call('builtins', 'getattr')],
    ['collections.OrderedDict.fromkeys', call('collections', 'OrderedDict.fromkeys')],
    ['numpy.core.multiarray._reconstruct', call('numpy.core.multiarray', '_reconstruct')],
    ['torch._utils._rebuild_tensor_v3', call('torch._utils', '_rebuild_tensor_v3')],
    ['torch.hub.load', p().text('torch.hub').text('load').raw(0x93, 0x2e).finish()], // STACK_GLOBAL
    ['constructor.constructor', call('constructor', 'constructor')],
    ['torch.__proto__', call('torch', '__proto__')],
    ['os.system', Buffer.from("cos\nsystem\n(S'id'\ntR.")], // protocol 0
    ['os.system', Buffer.from('(S"id"\nios\nsystem\n.').subarray(7)], // INST, of protocol 0
    ['os.system', p().global('collections', 'OrderedDict').raw(0x29).global('os', 'system').finish()], // nested
    ['posix.\\u001b[2Jsystem', call('posix', '\x1b[2Jsystem')],
  ])('are refused by name: %s', async (name, pickle) => {
    const escaped = name.replaceAll(/[.\\[\]()]/g, '\\$&');
    await expectRefused(
      torchFileOf(pickle),
      new RegExp(`asks for ${escaped}, which is not allowed`),
      /could run a program/,
    );
  });

  const tensorCall = (args: (pickler: Pickler) => Pickler) =>
    args(p().global('torch._utils', '_rebuild_tensor_v2')).raw(0x52, 0x2e).finish();
  const nested = Buffer.concat([Buffer.from([0x80, 2, 0x29]), Buffer.alloc(900_000, 0x85), Buffer.from('.')]);
  const doubling = (levels: number) => {
    const bomb = p().raw(0x5d).put(); // a list of twice the same list, and so on: 2 ** levels when written out
    for (let i = 0; i < levels; i++) bomb.raw(0x5d).put().raw(0x28, 0x68, i, 0x68, i, 0x65);
    return bomb.raw(0x2e).finish();
  };
  // One tuple of 400,000 sizes for 90,000 tensors: to look at it for each would take minutes.
  const wide = p().raw(0x28);
  for (let i = 0; i < 400_000; i++) wide.raw(0x4b, 1);
  wide.raw(0x74).put().raw(0x28, 0x28).text('storage').global('torch', 'FloatStorage').text('0').text('cpu').int(16);
  wide.raw(0x74, 0x51).int(0).raw(0x68, 0, 0x68, 0, 0x74).put().global('torch._utils', '_rebuild_tensor_v2');
  for (let i = 0; i < 90_000; i++) wide.raw(0x68, 6, 0x68, 5, 0x52);
  it.each<[string, Uint8Array, RegExp]>([
    [
      'a call of what a call returned',
      p().global('collections', 'OrderedDict').raw(0x29, 0x52, 0x29, 0x52, 0x2e).finish(),
      /no function/,
    ],
    ['a call of a text', p().text('os.system').raw(0x29, 0x52, 0x2e).finish(), /no function/],
    [
      'a call without arguments',
      p().global('collections', 'OrderedDict').text('x').raw(0x52, 0x2e).finish(),
      /without arguments/,
    ],
    ['a call of a storage type', p().global('torch', 'FloatStorage').raw(0x29, 0x52, 0x2e).finish(), /no function/],
    [
      'an OrderedDict of something',
      p().global('collections', 'OrderedDict').text('x').raw(0x85, 0x52, 0x2e).finish(),
      /dict in a form/,
    ],
    ['a tensor of nothing', tensorCall((q) => q.raw(0x29)), /wrong arguments/],
    [
      'a tensor of a text',
      tensorCall((q) => q.raw(0x28).text('0').int(0).tuple([1]).tuple([1]).raw(0x74)),
      /wrong arguments/,
    ],
    [
      'a parameter that is no tensor',
      p().global('torch._utils', '_rebuild_parameter').text('x').raw(0x85, 0x52, 0x2e).finish(),
      /not a tensor/,
    ],
    ['a persistent id that is no storage', p().text('storage').raw(0x51, 0x2e).finish(), /not a storage/],
    ['a new object', p().global('collections', 'OrderedDict').raw(0x29, 0x81, 0x2e).finish(), /instruction 0x81/],
    ['an extension', p().raw(0x82, 1, 0x2e).finish(), /instruction 0x82/],
    ['attributes of a type', p().global('torch', 'FloatStorage').raw(0x7d, 0x62, 0x2e).finish(), /not a dict/],
    ['a changed tuple', p().raw(0x29).text('x').raw(0x61, 0x2e).finish(), /not a list/],
    ['no tensors', p().raw(0x7d, 0x2e).finish(), /not a dict of tensors/],
    ['a key without a value', p().raw(0x7d, 0x28).text('x').raw(0x75, 0x2e).finish(), /key without a value/],
    ['a value taken where there is none', p().raw(0x86, 0x2e).finish(), /takes a value/],
    ['a memo that was not filled', p().raw(0x68, 9, 0x2e).finish(), /refers to value 9/],
    ['a memo bomb', doubling(60), /not a dict of tensors/],
    ['a million marks', Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(1_000_000, 0x28)]), /nested too deeply/],
    ['deeply nested tuples', nested, /not a dict of tensors/],
    [
      'two million instructions',
      Buffer.concat([Buffer.from([0x80, 2]), Buffer.alloc(2_000_000, 0x4e)]),
      /more than 1000000/,
    ],
    ['one long list of sizes for many tensors', wide.finish(), /wrong arguments/],
    ['an index of 17 MB', Buffer.alloc(PICKLE_LIMITS.bytes + 1, 0x4e), /too many/],
    ['a text of 4 GB', p().raw(0x58, 255, 255, 255, 255, 0x2e).finish(), /text of 4294967295 bytes/],
    [
      'a number of 255 bytes',
      p()
        .raw(0x8a, 255, ...Array<number>(255).fill(1), 0x2e)
        .finish(),
      /number of 255 bytes/,
    ],
    ['protocol 6', Buffer.from([0x80, 6, 0x4e, 0x2e]), /protocol 6/],
    ['no end', p().raw(0x4e).finish(), /cut short/],
  ])('are refused: %s', async (_what, pickle, reason) => {
    await expectRefused(torchFileOf(pickle), reason);
  });

  it('cut short anywhere are refused, as is the whole file', async () => {
    const state = Buffer.from(BY_PYTHON[2], 'base64');
    for (let length = 0; length < state.length; length += 3) {
      await expectRefused(torchFileOf(state.subarray(0, length)), /./);
    }
    const whole = torchFile({ a: { storage: floats(8), shape: [2, 4] } });
    for (let length = 0; length < whole.length; length += 7) {
      await expectRefused(whole.subarray(0, length), /./);
    }
  });

  it('changed at random never give a tensor outside the file, nor any other failure than a refusal', async () => {
    const whole = torchFile({
      a: { storage: floats(24), shape: [4, 6], strides: [1, 4] },
      b: { storage: floats(9), shape: [3, 3], parameter: true },
    });
    const path = await fileOf(whole);
    let seed = 1;
    const random = (below: number) => (seed = Math.imul(seed, 48_271) >>> 1) % below;
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 1_000; round++) {
      const damaged = Buffer.from(whole);
      const changes = 1 + random(4);
      for (let i = 0; i < changes; i++) damaged[random(damaged.length)] = random(256);
      await writeFile(path, damaged);
      try {
        for (const { offset, sizeBytes } of (await readTorchIndex(path)).values()) {
          expect(offset + sizeBytes).toBeLessThanOrEqual(whole.length);
        }
        outcomes.read++;
      } catch (error) {
        expect(error).toMatchObject({ code: 'MODEL_INVALID' });
        outcomes.refused++;
      }
    }
    expect(outcomes.read).toBeGreaterThan(100); // changes of weights
    expect(outcomes.refused).toBeGreaterThan(100); // and of everything else
  });
});
