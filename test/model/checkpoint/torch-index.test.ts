import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { readTorchIndex } from '../../../src/model/checkpoint/torch.js';
import { torchFile, zip, type WrittenTensor } from '../../support/model/torch-writer.js';
import { BY_PYTHON, expectRefused, fileOf, floats, indexOf } from './torch-files.js';

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
