import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, open, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Things that may lie where a file is expected. Reading some of them never ends, fills the memory or fails. */
export const SPECIAL_FILES: readonly (readonly [what: string, make: (path: string) => Promise<unknown>])[] = [
  ['a FIFO', (path) => Promise.resolve(execFileSync('mkfifo', [path]))],
  ['a sparse file of 10 GB', makeSparse],
  ['a folder', (path) => mkdir(path)],
  ['a link to /dev/zero', (path) => symlink('/dev/zero', path)],
  ['a link to nothing', (path) => symlink('/nowhere/at-all', path)],
  ['a link to itself', (path) => symlink(path, path)],
  ['a socket', makeSocket],
  ['a file that may not be read', (path) => writeFile(path, '{}').then(() => chmod(path, 0))],
];

async function makeSparse(path: string): Promise<void> {
  await using file = await open(path, 'w');
  await file.truncate(10 * 2 ** 30);
}

/** Renamed into place, because a server removes its socket when it closes. */
async function makeSocket(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  execFileSync('mv', [path, `${path}.moved`]);
  server.close();
  execFileSync('mv', [`${path}.moved`, path]);
}
