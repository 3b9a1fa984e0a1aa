import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensorsIndex } from '../../../src/model/checkpoint/safetensors.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(header: string | Record<string, unknown>, data = Buffer.alloc(64), claimed?: number) {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimed ?? json.length));
  const path = join(folder, `${Math.random()}.safetensors`);
  await writeFile(path, Buffer.concat([length, json, data]));
  return path;
}

const tensor = (dtype: string, shape: number[], span: [number, number]) => ({ dtype, shape, data_offsets: span });

describe('readSafetensorsIndex', () => {
  it('locates each floating-point tensor, and leaves integers out', async () => {
    const header = {
      __metadata__: { format: 'pt' },
      half: tensor('F16', [2, 3], [0, 12]),
      ids: tensor('I64', [1, 2], [12, 28]),
      full: tensor('F32', [4], [28, 44]),
    };
    const index = await readSafetensorsIndex(await fileOf(header));
    const start = 8 + JSON.stringify(header).length;
    expect([...index.keys()]).toEqual(['half', 'full']);
    expect(index.get('half')).toMatchObject({ type: 'float16', shape: [2, 3], offset: start, sizeBytes: 12 });
    expect(index.get('full')).toMatchObject({ type: 'float32', offset: start + 28, sizeBytes: 16 });
  });

  it.each([
    ['a header longer than the file', { a: tensor('F32', [1], [0, 4]) }, 1e9, /header claims/],
    ['a tensor past the end', { a: tensor('F32', [100], [0, 400]) }, undefined, /"a" reaches past the end/],
    ['a size that does not fit the shape', { a: tensor('F32', [3], [0, 16]) }, undefined, /"a" has 16 bytes, not 12/],
    [
      'two tensors on one place',
      { a: tensor('F32', [2], [0, 8]), b: tensor('F32', [2], [4, 12]) },
      undefined,
      /overlap/,
    ],
    ['an unknown type', { a: tensor('F8_E4M3', [2], [0, 2]) }, undefined, /unknown type F8_E4M3/],
    ['a negative offset', { a: tensor('F32', [1], [-4, 0]) }, undefined, /data_offsets/],
    ['a header that is not JSON', 'nonsense', undefined, /JSON|nonsense/],
  ])('refuses %s, naming the file', async (_what, header, claimed, reason) => {
    const path = await fileOf(header, undefined, claimed);
    await expect(readSafetensorsIndex(path)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(reason),
    });
    await expect(readSafetensorsIndex(path)).rejects.toThrow(path);
  });

  it('refuses an empty file and an HTML page saved under the name', async () => {
    const empty = join(folder, 'empty.safetensors');
    await writeFile(empty, '');
    await expect(readSafetensorsIndex(empty)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    const page = join(folder, 'page.safetensors');
    await writeFile(page, '<!doctype html><title>404</title>');
    await expect(readSafetensorsIndex(page)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
