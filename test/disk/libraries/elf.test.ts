import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSharedLibrary } from '../../../src/disk/libraries/elf.js';
import { Random } from '../../support/random.js';
import { sharedLibrary } from '../../support/system/elf.js';
import { temporaryFolder } from '../../support/temporary.js';

describe('a shared library', () => {
  it('lists the libraries that it needs, and where to look for them', async () => {
    const path = join(await temporaryFolder(), 'lib.so');
    const needed = ['libcudart.so.13', 'libcublasLt.so.13', 'libc.so.6'];
    await writeFile(path, sharedLibrary({ needed, runpath: '$ORIGIN/../lib:/opt/cuda/lib64', machine: 183 }));
    expect(readSharedLibrary(path)).toEqual({
      machine: 183,
      needed,
      searchPath: ['$ORIGIN/../lib', '/opt/cuda/lib64'],
    });
  });

  it('may need no other library', async () => {
    const path = join(await temporaryFolder(), 'lib.so');
    await writeFile(path, sharedLibrary({}));
    expect(readSharedLibrary(path)).toEqual({ machine: 62, needed: [], searchPath: [] });
  });

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'of the real world is read too (needs Linux on x64)',
    () => {
      const runtime = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
      const folder = join(dirname(runtime), 'bin/napi-v6/linux/x64');
      const binding = readSharedLibrary(join(folder, 'onnxruntime_binding.node'));
      expect(binding.machine).toBe(62);
      expect(binding.needed).toEqual(expect.arrayContaining(['libonnxruntime.so.1', 'libc.so.6']));
      expect(binding.searchPath).toEqual(['$ORIGIN/']);
      expect(readSharedLibrary(process.execPath).needed).toContain('libc.so.6');
    },
  );
});

describe('a file that is not a shared library', () => {
  it.each([
    ['an empty file', Buffer.alloc(0), /ends too early/],
    ['text', Buffer.alloc(100, 'INPUT(libc.so.6)\n'), /not an ELF file/],
    ['a 32-bit library', edited((file) => (file[4] = 1)), /64-bit little-endian/],
    ['program headers beyond the end', edited((file) => file.writeBigUInt64LE(1n << 40n, 32)), /ends too early/],
    ['an offset that no number holds', edited((file) => file.writeBigUInt64LE(1n << 60n, 32)), /too large/],
    ['program headers of another length', edited((file) => file.writeUInt16LE(8, 54)), /8 bytes long/],
    ['a dynamic section of terabytes', edited((file) => file.writeBigUInt64LE(1n << 40n, 64 + 56 + 32)), /bytes long/],
    ['a string table elsewhere', edited((file) => file.writeBigUInt64LE(5n, 64 + 16)), /outside the file/],
  ])('%s is refused with the reason', async (_, bytes, reason) => {
    const path = join(await temporaryFolder(), 'lib.so');
    await writeFile(path, bytes);
    expect(() => readSharedLibrary(path)).toThrow(reason);
  });

  it('is refused with a reason, wherever it is cut or damaged', async () => {
    const path = join(await temporaryFolder(), 'lib.so');
    const whole = sharedLibrary({ needed: ['libcudart.so.13'], runpath: '$ORIGIN' });
    const random = new Random(7);
    const below = (limit: number) => Math.floor(((random.uniform() + 1) / 2) * limit);
    const damaged = Array.from({ length: 1500 }, (_, i) => {
      const copy = Buffer.from(whole);
      for (let n = 0; n < 1 + (i % 4); n++) copy[below(copy.length)] = below(256);
      return copy;
    });
    const cut = Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length));
    for (const bytes of [...damaged, ...cut]) {
      await writeFile(path, bytes);
      try {
        const { needed, searchPath } = readSharedLibrary(path);
        for (const text of [...needed, ...searchPath]) expect(text.length).toBeLessThan(whole.length);
      } catch (error) {
        expect((error as Error).message).toMatch(
          /not an? (?:ELF|64-bit)|too early|too large|bytes long|outside|has no end/,
        );
      }
    }
  });
});

function edited(edit: (file: Buffer) => unknown): Buffer {
  const file = sharedLibrary({ needed: ['libcudart.so.13'] });
  edit(file);
  return file;
}
