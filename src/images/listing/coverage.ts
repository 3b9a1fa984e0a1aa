import { dirname, posix, relative, resolve, sep } from 'node:path';
import fastGlob from 'fast-glob';
import { expandBraces, makeExpression } from '../globs/glob-limits.js';
import type { ListedInput, LocalDiscovery } from './discover.js';

/**
 * Selects the names that a listing would have looked at, were their files there. If it does not have such a name, the
 * file is gone, or was filtered out.
 *
 * A folder covers everything below it, or directly in it where its subfolders were not listed, a glob only what it
 * matches, and a file that was given by name nothing. A listing in which something could not be read covers nothing.
 *
 * @param names - Relative to the root of the listing, forward slashes.
 */
export function selectCovered(
  { root, inputs, isComplete }: Pick<LocalDiscovery, 'root' | 'inputs' | 'isComplete'>,
  names: readonly string[],
): ReadonlySet<string> {
  const folders = inputs.filter(({ kind }) => kind === 'folder');
  const basesOf = (isFlat: boolean) =>
    new Set(folders.filter((folder) => (folder.isFlat === true) === isFlat).map(({ base }) => base));
  const [whole, flat] = [basesOf(false), basesOf(true)];
  const matchers = toMatchers(inputs);
  if (!isComplete || whole.size + flat.size + matchers.length === 0) return new Set();
  const isCovered = (path: string) =>
    flat.has(dirname(path)) || isBelowAny(path, whole) || matchers.some((matches) => matches(path));
  return new Set(names.filter((name) => isCovered(resolve(root, name))));
}

/** Whether the globs match an absolute path, each glob once. */
function toMatchers(inputs: readonly ListedInput[]): ((path: string) => boolean)[] {
  const globs = new Map<string, ListedInput>();
  for (const input of inputs)
    if (input.glob !== undefined) globs.set(`${input.glob.written}\n${input.glob.pattern}`, input);
  return [...globs.values()].map(toMatcher);
}

function toMatcher({ glob, base }: ListedInput): (path: string) => boolean {
  const { pattern, written } = glob!;
  const absolute = posix.resolve(fastGlob.convertPathToPattern(process.cwd()), pattern);
  const expression = makeExpression(expandBraces(absolute), { dot: false });
  const inside = base.endsWith(sep) ? base : base + sep;
  return (path) => path.startsWith(inside) && expression.test(toSlashes(resolve(written, relative(base, path))));
}

/** Looks the folders of a path up: there may be as many inputs as a command line holds. */
function isBelowAny(path: string, folders: ReadonlySet<string>): boolean {
  if (folders.size === 0) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (folders.has(folder)) return true;
    if (folder === dirname(folder)) return false;
  }
}

function toSlashes(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}
