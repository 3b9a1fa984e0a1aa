import { lstat, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256OfFile } from '../../../disk/cache.js';
import { selectModelFiles } from '../../../hub/files.js';
import { findBlob, listModelFolder } from '../../../hub/layout.js';
import { hashSmallFile, withModelFileErrors } from '../../../model/checkpoint/json-file.js';

/** A file that a model consists of. */
export interface ModelFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly hash: string; // as on the hub if the file is from there, else SHA-256
}

/** The files of a model in a folder. @throws PreannotateError MODEL_INVALID for one that cannot be read */
export function listModelFiles(folder: string): Promise<ModelFile[]> {
  return withModelFileErrors(() => describeFiles(folder));
}

async function describeFiles(folder: string): Promise<ModelFile[]> {
  const present = await listModelFolder(folder);
  const { small, weights } = selectModelFiles(present, 'auto');
  return Promise.all(
    [...small, ...weights].map(async (name) => {
      const path = join(folder, name);
      const blob = await findBlob(path);
      const file = await realpath(path);
      const hash =
        blob === undefined ? await (small.includes(name) ? hashSmallFile : sha256OfFile)(file) : basename(blob);
      return { name, sizeBytes: (await lstat(file)).size, hash };
    }),
  );
}
