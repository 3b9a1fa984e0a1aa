import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readTailKey, sizeOfFile } from '../../../src/run/duplicates/tail-key.js';
import { temporaryFolder } from '../../support/temporary.js';

it('files have the same key where they are as long and end alike', async () => {
  const folder = await temporaryFolder();
  const keyOf = async (content: string) => {
    const path = join(folder, 'image');
    await writeFile(path, content);
    return await readTailKey(path, (await sizeOfFile(path))!);
  };
  const end = 'e'.repeat(4096);
  const key = await keyOf(`a${end}`);
  expect(key).toEqual(expect.any(Number));
  expect(await keyOf(`b${end}`)).toBe(key);
  expect(await keyOf(`bb${end}`)).not.toBe(key);
  expect(await keyOf(`a${end.slice(1)}f`)).not.toBe(key);
  expect(await keyOf('')).not.toBe(await keyOf('e'));
});

it('what cannot be read has neither size nor key', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'folder.jpg'));
  await writeFile(join(folder, 'short.jpg'), 'short');
  expect(await sizeOfFile(join(folder, 'folder.jpg'))).toBeUndefined();
  expect(await sizeOfFile(join(folder, 'gone.jpg'))).toBeUndefined();
  expect(await readTailKey(join(folder, 'gone.jpg'), 5)).toBeUndefined();
  expect(await readTailKey(join(folder, 'short.jpg'), 6)).toBeUndefined();
});
