import { readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, systemCodeOf } from '../core/errors.js';
import { describeReadError } from '../disk/readable-file.js';
import { decodeFeatures } from './feature-file.js';
import { hashKey, KEY_FILE, readKeyFile, requireFolder } from './folder.js';
import { findFiles, isLeftOver, listKeys, type FoundFile } from './found-files.js';
import type { ImageFeatures } from './image-features.js';
import { removeFile } from './remove-unused.js';

/** A file that cannot be used. */
export interface FeatureProblem {
  readonly path: string;
  readonly problem: string; // to follow the path and a colon
  readonly isRemoved: boolean;
}

/** What was checked. */
export interface Verified {
  readonly files: number;
  readonly bytes: number;
  readonly problems: number;
  readonly removed: number; // of the problems
  readonly leftOver: number; // files that killed processes left half-written; they harm nobody
}

/**
 * Reads every file of a folder of features: whether it is what was written, in its place, and has the same tensors as
 * the other files of its key.
 *
 * @param fix - Removes what cannot be used, and what killed processes left.
 * @param report - Gets each problem when it is found.
 * @throws PreannotateError CONFIG_INVALID where it is no such folder
 */
export async function verifyStore(
  folder: string,
  { fix, report }: { fix: boolean; report: (problem: FeatureProblem) => void },
): Promise<Verified> {
  await requireFolder(folder);
  const counts = { files: 0, bytes: 0, problems: 0, removed: 0, leftOver: 0 };
  const found = async (path: string, problem: string) => {
    if (fix) await rm(path, { force: true });
    counts.problems++;
    if (fix) counts.removed++;
    report({ path, problem, isRemoved: fix });
  };
  for (const key of await listKeys(folder)) {
    const keyFolder = join(folder, key);
    const described = await readKeyFile(keyFolder);
    if (described === undefined || hashKey(described.key) !== key) {
      await found(join(keyFolder, KEY_FILE), 'it does not describe the features in its folder; the next run writes it');
    }
    const layout = new KeyLayout();
    for await (const files of findFiles(keyFolder)) {
      for (const file of files) {
        if (isLeftOver(file)) {
          counts.leftOver++;
          if (fix) await removeFile(file);
        }
        if (file.sha256 === undefined) continue;
        counts.files++;
        counts.bytes += file.sizeBytes;
        const problem = await findProblem(file, key, layout);
        if (problem !== undefined) await found(file.path, problem);
      }
    }
  }
  return counts;
}

async function findProblem({ path, sha256 = '' }: FoundFile, key: string, layout: KeyLayout) {
  if (basename(dirname(path)) !== sha256.slice(0, 2)) return 'it is in the wrong folder, where it is never found';
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined; // a run has removed it meanwhile
    return describeReadError(error);
  }
  try {
    return layout.findDifference(path, decodeFeatures(bytes, { key, sha256 }));
  } catch (error) {
    return messageOf(error);
  }
}

/** Which tensors the files of a key have: as the first one, whose images may be cut into more crops than others. */
class KeyLayout {
  #first: { readonly path: string; readonly layout: string } | undefined;

  findDifference(path: string, { tensors }: ImageFeatures): string | undefined {
    const layout = [...tensors]
      .map(([name, { type, shape }]) => `${name} ${type} ${shape.slice(1).join(' x ')}`)
      .join();
    this.#first ??= { path, layout };
    return layout === this.#first.layout ? undefined : `its tensors are not like those of ${this.#first.path}`;
  }
}
