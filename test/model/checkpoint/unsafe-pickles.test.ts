import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { PICKLE_LIMITS } from '../../../src/model/checkpoint/pickle.js';
import { readTorchIndex } from '../../../src/model/checkpoint/torch.js';
import { Pickler, torchFile, torchFileOf } from '../../support/model/torch-writer.js';
import { BY_PYTHON, expectRefused, fileOf, floats } from './torch-files.js';

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
