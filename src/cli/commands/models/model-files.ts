import { lstat, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256OfFile } from '../../../disk/cache.js';
import { selectModelFiles } from '../../../hub/files.js';
import { findBlob, listModelFolder } from '../../../hub/layout.js';

/** A file that a model consists of. */
export interface ModelFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly hash: string; // as on the hub if the file is from there, else SHA-256
}

/** The files of a model in a folder. */
export async function listModelFiles(folder: string): Promise<ModelFile[]> {
  const present = await listModelFolder(folder);
  const { small, weights } = selectModelFiles(present, 'auto');
  return Promise.all(
    [...small, ...weights].map(async (name) => {
      const path = join(folder, name);
      const blob = await findBlob(path);
      const file = await realpath(path);
      const hash = blob === undefined ? await sha256OfFile(file) : basename(blob);
      return { name, sizeBytes: (await lstat(file)).size, hash };
    }),
  );
}
