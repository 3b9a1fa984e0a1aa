import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';

export async function shiftTime(path: string, shiftMs: number): Promise<void> {
  const { mtimeMs } = await stat(path);
  await utimes(path, new Date(mtimeMs + shiftMs), new Date(mtimeMs + shiftMs));
}

export const HOUR = 3_600_000;
export type Edit = (file: string) => Promise<void>;

/** Writes into the file, and gives it a time. */
export const editWithTime =
  (shiftMs: number): Edit =>
  async (file) => {
    const { mtimeMs } = await stat(file);
    await writeFile(file, 'by hand');
    await utimes(file, new Date(mtimeMs), new Date(mtimeMs));
    await shiftTime(file, shiftMs);
  };

export const EDITS: Record<string, Edit> = {
  'with a newer time': editWithTime(1000),
  'with an older time': editWithTime(-86_400_000),
  'with the same time': editWithTime(0),
  'on a machine whose clock is an hour ahead': editWithTime(HOUR),
  'on a machine whose clock is an hour behind': editWithTime(-HOUR),
  'to the same size and time': async (file) => {
    const { mtimeMs, mtime, size } = await stat(file);
    expect(mtimeMs).toBeGreaterThan(0);
    await writeFile(file, 'x'.repeat(size));
    await utimes(file, mtime, mtime);
  },
  'by putting another file in its place': async (file) => {
    await writeFile(`${file}.corrected`, 'by hand');
    await utimes(`${file}.corrected`, 1, 1);
    await rename(`${file}.corrected`, file);
  },
  'by putting a folder in its place': async (file) => {
    await rm(file);
    await mkdir(file);
    await writeFile(join(file, 'inside.txt'), 'by hand');
  },
  'by putting a link in its place': async (file) => {
    await writeFile(join(dirname(file), 'mine'), 'by hand');
    await rm(file);
    await symlink('mine', file);
  },
};

/** All files of a folder with their contents, links by their targets. */
export async function snapshot(path: string): Promise<unknown> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return await readlink(path);
  if (stats.isFile()) return [stats.ino, stats.mtimeMs, await readFile(path, 'utf8')];
  const names = await readdir(path);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await snapshot(join(path, name))])));
}

export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile()) await writeFile(target, await readFile(source));
    else await rename(source, target);
  }
}

export async function snapshotWithoutLinks(path: string): Promise<unknown> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return stats.ino;
  if (stats.isFile()) return [stats.ino, stats.ctimeMs];
  const names = await readdir(path);
  return await Promise.all(names.map(async (name) => [name, await snapshotWithoutLinks(join(path, name))]));
}
