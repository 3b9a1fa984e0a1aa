import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { escapePattern } from './pattern-text.js';

/** Where patterns are read. */
export interface Place {
  readonly root: string; // absolute and real; names are relative to it
  readonly cwd: string;
  readonly separator: string; // of the system
  readonly label?: string; // what patterns are relative to, in messages; default: the root
}

/**
 * A path below the root that is on disk, written relative to the root or to the working folder, or absolute.
 *
 * @returns Relative to the root, with forward slashes; undefined when there is no such path, or it is elsewhere.
 */
export async function findExisting(text: string, { root, cwd }: Place): Promise<string | undefined> {
  if (text === '' || text.includes('\0')) return undefined;
  for (const base of new Set([root, cwd])) {
    const name = await nameOnDisk(resolve(base, text), root);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The name of a path, as the disk spells it: on some systems, case makes no difference. */
async function nameOnDisk(path: string, root: string): Promise<string | undefined> {
  try {
    const isLink = (await lstat(path)).isSymbolicLink();
    const real = isLink ? join(await realpath(dirname(path)), basename(path)) : await realpath(path);
    return nameBelow(real, root);
  } catch {
    return undefined; // no such path, or it cannot be reached
  }
}

/** The path relative to the root; undefined when it is elsewhere. */
export function nameBelow(absolute: string, root: string): string | undefined {
  const path = relative(root, absolute).replaceAll(sep, '/');
  return path === '..' || path.startsWith('../') || isAbsolute(path) ? undefined : path; // absolute: on another drive
}

/** Escapes the folders that a pattern begins with where they exist under exactly these names, such as `photos [1]`. */
export async function escapeExistingFolders(pattern: string, base: string): Promise<string> {
  const segments = pattern.split('/');
  let folder = pattern.startsWith('/') ? '/' : base;
  for (const [i, segment] of segments.slice(0, -1).entries()) {
    folder = join(folder, segment);
    const exists = await lstat(folder).then(
      () => true,
      () => false,
    );
    if (!exists) break;
    segments[i] = escapePattern(segment);
  }
  return segments.join('/');
}
