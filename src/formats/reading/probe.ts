import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareUtf8 } from '../../core/text.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { jsonPathsIn } from './json-paths.js';

const HEAD_BYTES = 1 << 16;
const MAX_FILES = 20; // of a folder: the labels of some images are empty
const MAX_FOLDERS = 1000; // a folder of images may have any number of them

/** Where to search in a folder. */
interface SearchPlace {
  readonly folder?: string; // below it; left out: itself
  readonly depth?: number; // of folders below that; 0: in no other one
}

/** Looks into a path, so that formats can recognise themselves; what they ask for twice is read once. */
export class DataSetProbe {
  readonly path: string; // absolute
  readonly isFolder: boolean;
  readonly #heads = new Map<string, Promise<string | undefined>>();
  readonly #names = new Map<string, Promise<readonly string[]>>();

  private constructor(path: string, isFolder: boolean) {
    this.path = path;
    this.isFolder = isFolder;
  }

  /** @throws the errors of the file system as they are. */
  static async open(path: string): Promise<DataSetProbe> {
    return new DataSetProbe(path, (await stat(path)).isDirectory());
  }

  /** The start of a file, of 64 KB; undefined where there is no such file. @param file - Absolute. */
  head(file: string): Promise<string | undefined> {
    const head = this.#heads.get(file) ?? readHead(file);
    this.#heads.set(file, head);
    return head;
  }

  /**
   * Where the JSON at the start of a file has values: `images`, `images[]`, `images[].file_name`; of a list of objects,
   * `[].image_id`. Empty for what is not JSON.
   */
  async jsonPaths(file: string): Promise<ReadonlySet<string>> {
    return jsonPathsIn((await this.head(file)) ?? '');
  }

  /** The files of a folder whose names end so, sorted; of this path itself, where it is a file that ends so. */
  async files(ending: string, folder = ''): Promise<string[]> {
    if (!this.isFolder) return folder === '' && this.path.toLowerCase().endsWith(ending) ? [this.path] : [];
    const at = join(this.path, folder);
    const names = this.#names.get(at) ?? listFiles(at);
    this.#names.set(at, names);
    return (await names).filter((name) => name.toLowerCase().endsWith(ending)).map((name) => join(at, name));
  }

  /**
   * A file whose name ends so and that is as wanted: the first few files of each folder are looked at, and the first
   * few folders.
   */
  async find(
    ending: string,
    isWanted: (file: string) => Promise<boolean>,
    { folder = '', depth = Infinity }: SearchPlace = {},
  ): Promise<string | undefined> {
    if (!this.isFolder) return undefined;
    const waiting = [{ path: join(this.path, folder), level: 0 }];
    for (let searched = 0; waiting.length > 0 && searched < MAX_FOLDERS; searched++) {
      const { path, level } = waiting.shift()!;
      const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
      entries.sort((a, b) => compareUtf8(a.name, b.name));
      const files = entries.filter((entry) => !entry.isDirectory() && entry.name.toLowerCase().endsWith(ending));
      for (const { name } of files.slice(0, MAX_FILES)) if (await isWanted(join(path, name))) return join(path, name);
      if (level === depth) continue;
      const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
      waiting.push(...folders.map(({ name }) => ({ path: join(path, name), level: level + 1 })));
    }
    return undefined;
  }
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  return names.sort(compareUtf8);
}

async function readHead(path: string): Promise<string | undefined> {
  try {
    await using file = await openRegularFile(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, '');
  } catch {
    return undefined; // not there, or not readable: reading it reports why
  }
}
