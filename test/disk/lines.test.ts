import { readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readLines, type Line } from '../../src/disk/lines.js';
import { temporaryFolder } from '../support/temporary.js';

async function linesOf(content: string | Buffer): Promise<Line[]> {
  const path = join(await temporaryFolder(), 'lines');
  await writeFile(path, content);
  const lines: Line[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
}

it('each line comes with its position in bytes, and whether it is complete', async () => {
  expect(await linesOf('é\n\nlast')).toEqual([
    { line: 'é', number: 1, offset: 0, bytes: 2, complete: true },
    { line: '', number: 2, offset: 3, bytes: 0, complete: true },
    { line: 'last', number: 3, offset: 4, bytes: 4, complete: false },
  ]);
  expect(await linesOf('')).toEqual([]);
});

it('lines longer than one read, and characters cut in two by it, come whole', async () => {
  const long = '日本'.repeat(700_000);
  const lines = await linesOf(`x${long}\n${long}y\n`);
  expect(lines.map(({ line }) => line)).toEqual([`x${long}`, `${long}y`]);
  expect(lines[1]!.offset).toBe(Buffer.byteLength(long) + 2);
});

it('offset and size of each line are those in the file, wherever the reads were cut', async () => {
  const texts = Array.from({ length: 3000 }, (_, i) => `${i} ${'ä😀'.repeat((i * 7919) % 400)}`);
  const file = Buffer.from(texts.map((text) => `${text}\n`).join(''));
  expect(file.length).toBeGreaterThan(3 << 20); // three reads
  const lines = await linesOf(file);
  expect(lines.map(({ line }) => line)).toEqual(texts);
  for (const { offset, bytes, line } of lines) expect(file.toString('utf8', offset, offset + bytes)).toBe(line);
});

it('the size of a line that is not UTF-8 is its size in the file', async () => {
  const [first, second] = await linesOf(Buffer.from([0xff, 0xfe, 0x0a, 0x41, 0x0a]));
  expect(first).toMatchObject({ bytes: 2, complete: true });
  expect(second).toEqual({ line: 'A', number: 2, offset: 3, bytes: 1, complete: true });
});

it('reading a file that does not exist is an error', async () => {
  const path = join(await temporaryFolder(), 'lines');
  await expect(readLines(path).next()).rejects.toMatchObject({ code: 'ENOENT' });
});

it.skipIf(process.platform !== 'linux')(
  'a reader that stops early closes the file (seen in /proc, so on Linux)',
  async () => {
    const path = join(await temporaryFolder(), 'lines');
    await writeFile(path, 'a\n'.repeat(2_000_000));
    for await (const { line } of readLines(path)) {
      expect(line).toBe('a');
      expect(await descriptorsOf(path)).toBe(1);
      break;
    }
    await expect.poll(() => descriptorsOf(path)).toBe(0);
  },
);

async function descriptorsOf(path: string): Promise<number> {
  const descriptors = await readdir('/proc/self/fd');
  const targets = descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')); // closed meanwhile
  return (await Promise.all(targets)).filter((target) => target === path).length;
}
