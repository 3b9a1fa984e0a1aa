import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImage } from '../../src/images/read.js';
import { asOrdinaryUser } from '../support/system/ordinary-user.js';
import { temporaryFolder } from '../support/temporary.js';

const LIMIT = 256e6;

describe('reading an image file', () => {
  it('returns the bytes with their size, time and hash', async () => {
    const path = join(await temporaryFolder(), 'a.jpg');
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    await writeFile(path, content);
    await utimes(path, 1_700_000_000, 1_700_000_000.1239);
    const { bytes, ...stamp } = await readImage(path, content.length);
    expect(bytes.equals(content)).toBe(true);
    expect(stamp).toEqual({
      sizeBytes: 300_000,
      modifiedMs: 1_700_000_000_123,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
  });

  it('returns no bytes for an empty file, which the decoder refuses', async () => {
    const path = join(await temporaryFolder(), 'empty.jpg');
    await writeFile(path, '');
    expect(await readImage(path, LIMIT)).toMatchObject({ bytes: Buffer.alloc(0), sizeBytes: 0 });
  });

  it('refuses a file above the limit before reading it', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.jpg'), 'xx');
    await expect(readImage(join(folder, 'a.jpg'), 1)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringMatching(/a\.jpg has 2 bytes, more than the 1 allowed/),
    });
    execFileSync('truncate', ['-s', '8G', join(folder, 'sparse.jpg')]);
    await expect(readImage(join(folder, 'sparse.jpg'), LIMIT)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it.each<[string, (path: string) => unknown, RegExp]>([
    ['nothing', () => {}, /no such file \(ENOENT\)/],
    ['a link to nothing', (path) => symlink('nowhere', path), /a link to a missing one/],
    ['a link to itself', (path) => symlink(path, path), /\(ELOOP\)/],
    ['a link to an endless device', (path) => symlink('/dev/zero', path), /not a regular file/],
    ['a FIFO without a writer', (path) => execFileSync('mkfifo', [path]), /not a regular file/],
    ['a folder', (path) => mkdir(path), /it is a folder \(EISDIR\)/],
  ])('%s is an error that names the reason, without waiting', async (_what, make, reason) => {
    const path = join(await temporaryFolder(), 'odd.jpg');
    await make(path);
    await expect(readImage(path, LIMIT)).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringMatching(reason),
      hint: expect.stringMatching(/\w/),
    });
  });

  it('reports a socket, and a path through a file, as such', async () => {
    const folder = await temporaryFolder();
    const server = createServer().listen(join(folder, 'socket.jpg'));
    await once(server, 'listening');
    const failures = ['socket.jpg', 'socket.jpg/a.jpg'].map((name) =>
      readImage(join(folder, name), LIMIT).catch((error: unknown) => error),
    );
    expect(await Promise.all(failures)).toMatchObject([
      { code: 'IMAGE_UNREADABLE', message: expect.stringContaining('ENXIO') },
      { code: 'IMAGE_UNREADABLE', message: expect.stringContaining('ENOTDIR') },
    ]);
    server.close();
  });

  it('reports missing permission', async () => {
    const folder = await temporaryFolder();
    await chmod(folder, 0o755);
    await writeFile(join(folder, 'a.jpg'), 'x');
    await chmod(join(folder, 'a.jpg'), 0);
    const failure = await asOrdinaryUser(() =>
      readImage(join(folder, 'a.jpg'), LIMIT).catch((error: unknown) => error),
    );
    expect(failure).toMatchObject({ code: 'IMAGE_UNREADABLE', message: expect.stringContaining('EACCES') });
  });

  it('escapes control and direction characters of a path in messages', async () => {
    const path = join(await temporaryFolder(), `\u001b[31m\u202egpj\u0000`);
    const failure = await readImage(path, LIMIT).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ message: expect.stringContaining('\\u001b[31m\\u202egpj') });
    expect((failure as Error).message).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it('returns one version of a file that is rewritten all the time, or refuses it', async () => {
    const path = join(await temporaryFolder(), 'busy.jpg');
    const versions = [Buffer.alloc(3_000_000, 'a'), Buffer.alloc(2_000_000, 'b')] as const;
    const hashes = versions.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
    await writeFile(path, versions[0]);
    const done = new AbortController();
    const rewriting = (async () => {
      // In place, as rsync --inplace does.
      for (let i = 1; !done.signal.aborted; i++) await writeFile(path, versions[i % 2]!);
    })();
    const outcomes = [];
    for (let i = 0; i < 60; i++) outcomes.push(await readImage(path, LIMIT).catch((error: unknown) => error));
    done.abort();
    await rewriting;
    for (const outcome of outcomes) {
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({ code: 'IMAGE_UNREADABLE', message: expect.stringContaining('changed') });
        continue;
      }
      const { bytes, sizeBytes, sha256 } = outcome as Awaited<ReturnType<typeof readImage>>;
      expect(sizeBytes).toBe(bytes.length);
      expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      if (sizeBytes === versions[0].length || sizeBytes === versions[1].length) expect(hashes).toContain(sha256);
    }
    expect((await stat(path)).size).toBeGreaterThan(0);
  });
});
