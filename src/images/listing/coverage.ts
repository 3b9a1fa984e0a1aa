import { posix, relative, resolve, sep } from 'node:path';
import fastGlob from 'fast-glob';
import micromatch from 'micromatch';
import type { Discovery, ListedInput } from './discover.js';

/**
 * Selects the names that a listing would have looked at, were their files there. If it does not have such a name, the
 * file is gone, or was filtered out.
 *
 * A folder covers everything below it, a glob only what it matches, and a file that was given by name nothing. A
 * listing in which something could not be read covers nothing.
 *
 * @param names - Relative to the root of the listing, forward slashes.
 */
export function selectCovered(
  { root, inputs, isComplete }: Pick<Discovery, 'root' | 'inputs' | 'isComplete'>,
  names: readonly string[],
): ReadonlySet<string> {
  const covered = new Set<string>();
  if (!isComplete) return covered;
  for (const input of inputs) {
    const below = names.filter((name) => isBelow(resolve(root, name), input.base));
    const matched = input.kind === 'folder' ? below : matchGlob(input, root, below);
    for (const name of matched) covered.add(name);
  }
  return covered;
}

function matchGlob({ glob, base }: ListedInput, root: string, names: readonly string[]): string[] {
  if (glob === undefined || names.length === 0) return [];
  const pattern = posix.resolve(fastGlob.convertPathToPattern(process.cwd()), glob.pattern);
  const matched = micromatch.makeRe(pattern, { dot: false });
  return names.filter((name) => matched.test(toSlashes(resolve(glob.written, relative(base, resolve(root, name))))));
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function toSlashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}
