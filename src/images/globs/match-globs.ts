import { relative, resolve, sep } from 'node:path';
import fastGlob, { type FileSystemAdapter } from 'fast-glob';
import { assertMatchable } from './glob-limits.js';

const ANYWHERE = resolve('/'); // the virtual folder that the names are in

/**
 * Filters names by globs. Does not access the disk: the names have been listed already, and the common folder of
 * several inputs may be `/`.
 *
 * @param names - Relative, with forward slashes. Hidden ones are matched like all others.
 * @param globs - `include` empty: everything. Each of them expandable.
 * @throws PreannotateError USAGE for a glob that takes too long.
 */
export async function matchGlobs(
  names: readonly string[],
  { include, exclude }: { readonly include: readonly string[]; readonly exclude: readonly string[] },
): Promise<ReadonlySet<string>> {
  if (include.length === 0 && exclude.length === 0) return new Set(names);
  assertMatchable([...include, ...exclude], names);
  const chosen = await fastGlob(include.length === 0 ? ['**/*'] : [...include], {
    cwd: ANYWHERE,
    ignore: [...exclude],
    dot: true,
    onlyFiles: false,
    followSymbolicLinks: false,
    fs: makeFileSystem(names),
  });
  return new Set(chosen);
}

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** The functions of a file system that fast-glob calls, answered from the names alone. */
function makeFileSystem(names: readonly string[]): Partial<FileSystemAdapter> {
  const folders = foldersOf(names);
  const keyOf = (path: string) => relative(ANYWHERE, path).replaceAll(sep, '/');
  const readdir = (path: string, _options: unknown, callback: (error: null, entries: DirectoryEntry[]) => void) => {
    callback(null, [...(folders.get(keyOf(path))?.values() ?? [])].map(direntOf));
  };
  const known = new Set(names);
  const lstat = (path: string, callback: (error: Error | null, entry?: DirectoryEntry) => void) => {
    const name = keyOf(path);
    if (known.has(name) || folders.has(name)) callback(null, direntOf({ name, isFolder: folders.has(name) }));
    else callback(Object.assign(new Error(`no such name: ${name}`), { code: 'ENOENT' }));
  };
  return { readdir, lstat, stat: lstat } as unknown as Partial<FileSystemAdapter>;
}

/** Entries by folder. The outermost folder has the empty name. */
function foldersOf(names: readonly string[]): ReadonlyMap<string, ReadonlyMap<string, Entry>> {
  const folders = new Map<string, Map<string, Entry>>([['', new Map<string, Entry>()]]);
  const add = (path: string, isFolder: boolean) => {
    const at = path.lastIndexOf('/');
    const parent = at < 0 ? '' : path.slice(0, at);
    let siblings = folders.get(parent);
    if (siblings === undefined) {
      add(parent, true);
      folders.set(parent, (siblings = new Map<string, Entry>()));
    }
    const name = path.slice(at + 1);
    if (isFolder || !siblings.has(name)) siblings.set(name, { name, isFolder });
  };
  for (const name of names) add(name, false);
  return folders;
}

/** The part of a directory entry, and of a file's status, that fast-glob reads. */
type DirectoryEntry = ReturnType<typeof direntOf>;

function direntOf({ name, isFolder }: Entry) {
  const no = () => false;
  return {
    name,
    isFile: () => !isFolder,
    isDirectory: () => isFolder,
    isSymbolicLink: no,
    isBlockDevice: no,
    isCharacterDevice: no,
    isFIFO: no,
    isSocket: no,
  };
}
