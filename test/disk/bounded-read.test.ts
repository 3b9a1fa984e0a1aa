import { execFileSync } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readAtMost, ReadTimeout } from '../../src/disk/bounded-read.js';
import { temporaryFolder } from '../support/temporary.js';

const read = async (path: string, limitBytes: number, waitMs = 10_000) =>
  Buffer.from(await readAtMost(path, { limitBytes, waitMs })).toString();

describe('reading with a bound', () => {
  it('gives the whole of a file, or one byte more than the limit', async () => {
    const path = join(await temporaryFolder(), 'file');
    for (const text of ['', '12345', '123456', '1234567890']) {
      await writeFile(path, text);
      expect(await read(path, 5)).toBe(text.slice(0, 6));
    }
    await expect(read(join(path, 'none'), 5)).rejects.toThrow('ENOTDIR');
  });

  it.skipIf(process.platform === 'win32')('ends at the limit of a device that never ends', async () => {
    expect(await read('/dev/zero', 3)).toBe('\0'.repeat(4));
  });

  it.skipIf(process.platform === 'win32')(
    'waits for the writer of a named pipe, and for all that it writes',
    async () => {
      const path = join(await temporaryFolder(), 'pipe');
      execFileSync('mkfifo', [path]);
      const reading = read(path, 100);
      await setTimeout(100); // with no writer yet
      const writer = await open(path, 'w');
      await writer.write('first, ');
      await setTimeout(100);
      await writer.write('last');
      await writer.close();
      expect(await reading).toBe('first, last');
    },
  );

  it.skipIf(process.platform === 'win32')('gives up a named pipe to which nothing is written', async () => {
    const path = join(await temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    await expect(read(path, 100, 50)).rejects.toThrow(ReadTimeout);
    await using writer = await open(path, 'r+'); // a writer that stays silent
    await expect(read(path, 100, 50)).rejects.toThrow('nothing was written to it for 0.05 s');
    expect(writer).toBeDefined();
  });
});
