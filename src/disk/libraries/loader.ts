import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readSharedLibrary, type SharedLibrary } from './elf.js';

/** A library that another one needs and that the loader would not find. */
export interface MissingLibrary {
  readonly name: string; // libcudart.so.13
  readonly neededBy: string;
}

/** Where the loader of Linux looks for libraries on this machine. */
export interface LoaderPaths {
  readonly libraryPath: readonly string[]; // LD_LIBRARY_PATH
  readonly cache: ReadonlyMap<string, readonly string[]>; // of ldconfig, by name
  readonly folders: readonly string[]; // looked into last
}

const CACHE_FILE = '/etc/ld.so.cache';
const CACHE_MAGIC = 'glibc-ld.so.cache1.1';
const CACHE_HEADER_BYTES = 48;
const CACHE_ENTRY_BYTES = 24;

const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const DEFAULT_FOLDERS = [
  ...['/lib', '/usr/lib'].map((folder) => join(folder, TRIPLETS[process.arch] ?? '')),
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
];

const MAX_LIBRARIES = 1000; // more than any real dependency tree

/** The search paths of this process's loader. @param environment - For LD_LIBRARY_PATH. */
export function loaderPaths(environment: NodeJS.ProcessEnv): LoaderPaths {
  return {
    libraryPath: (environment['LD_LIBRARY_PATH'] ?? '').split(/[:;]/).filter(Boolean),
    cache: readCache(),
    folders: DEFAULT_FOLDERS,
  };
}

/** The file that the loader would take for a name; undefined when there is none. */
export function findLibrary(
  name: string,
  { libraryPath, cache, folders }: LoaderPaths,
  from?: SharedLibrary & { path: string },
): string | undefined {
  const origin = from === undefined ? '' : dirname(from.path);
  const own = from?.searchPath.map((folder) => folder.replace(/\$(?:ORIGIN|\{ORIGIN\})/, origin)) ?? [];
  const before = [...libraryPath, ...own].map((folder) => join(folder, name));
  const candidates = [...before, ...(cache.get(name) ?? []), ...folders.map((folder) => join(folder, name))];
  return candidates.find((path) => existsSync(path) && isFor(path, from?.machine));
}

/**
 * Libraries that a library needs, directly or through others, and that are missing here. Libraries that cannot be read
 * are not followed: loading them will fail with the reason.
 *
 * @param provided - Names of libraries that are loaded before it.
 */
export function missingLibraries(path: string, paths: LoaderPaths, provided: readonly string[] = []): MissingLibrary[] {
  const seen = new Set(provided);
  const missing: MissingLibrary[] = [];
  const waiting = [realpathSync(path)];
  for (let at = 0; at < waiting.length && at < MAX_LIBRARIES; at++) {
    const file = waiting[at]!;
    const library = readOrUndefined(file);
    for (const name of library?.needed ?? []) {
      if (seen.has(name)) continue;
      seen.add(name);
      const found = findLibrary(name, paths, { ...library!, path: file });
      if (found === undefined) missing.push({ name, neededBy: basename(file) });
      else waiting.push(realpathSync(found));
    }
  }
  return missing;
}

function readOrUndefined(path: string): SharedLibrary | undefined {
  try {
    return readSharedLibrary(path);
  } catch {
    return undefined; // not a library, or a damaged one: it cannot be loaded either
  }
}

function isFor(path: string, machine: number | undefined): boolean {
  const library = readOrUndefined(path);
  return library !== undefined && (machine === undefined || library.machine === machine);
}

/** The loader's cache: names to files. Empty where there is none, or one in another format. @see glibc `dl-cache.h` */
function readCache(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let file: Buffer;
  try {
    file = readFileSync(CACHE_FILE);
  } catch {
    return found; // musl and NixOS have none
  }
  const bytes = file.subarray(Math.max(0, file.indexOf(CACHE_MAGIC))); // after the older format, where both are present
  if (bytes.length < CACHE_HEADER_BYTES || bytes.indexOf(CACHE_MAGIC) !== 0) return found;
  const count = Math.min(bytes.readUInt32LE(20), (bytes.length - CACHE_HEADER_BYTES) / CACHE_ENTRY_BYTES);
  for (let i = 0; i < count; i++) {
    const entry = CACHE_HEADER_BYTES + i * CACHE_ENTRY_BYTES;
    const [name, path] = [4, 8].map((field) => textAt(bytes, bytes.readUInt32LE(entry + field)));
    found.set(name!, [...(found.get(name!) ?? []), path!]);
  }
  return found;
}

function textAt(bytes: Buffer, from: number): string {
  const end = bytes.indexOf(0, from);
  return bytes.toString('utf8', from, end === -1 ? from : end);
}
