import { lstat, readFile } from 'node:fs/promises';
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

/** A file of ours that is to be reported. */
interface Found {
  readonly path: string;
  readonly problem: string;
  readonly sizeBytes?: number; // of one that was read; others are never removed
}

/** What was checked. */
export interface Verified {
  readonly files: number;
  readonly bytes: number;
  readonly problems: number;
  readonly removed: number; // of the problems
  readonly unread: number; // of the problems: what could not be read
  readonly leftOver: number; // files that killed processes left half-written; they do no harm
}

/**
 * Reads every file of a folder of features: whether it is what was written, in its place, and has the same tensors as
 * the other files of its key.
 *
 * @param fix - Removes what cannot be used, and what killed processes left; not what cannot be read: it may be sound.
 * @param report - Gets each problem when it is found.
 * @throws PreannotateError CONFIG_INVALID where it is no such folder
 */
export async function verifyStore(
  folder: string,
  { fix, report }: { fix: boolean; report: (problem: FeatureProblem) => void },
): Promise<Verified> {
  await requireFolder(folder);
  const check = new StoreCheck(fix, report);
  for (const key of await listKeys(folder)) await check.checkKey(join(folder, key), key);
  return check.counts;
}

class StoreCheck {
  readonly counts = { files: 0, bytes: 0, problems: 0, removed: 0, unread: 0, leftOver: 0 };
  readonly #fix: boolean;
  readonly #report: (problem: FeatureProblem) => void;

  constructor(fix: boolean, report: (problem: FeatureProblem) => void) {
    this.#fix = fix;
    this.#report = report;
  }

  async checkKey(keyFolder: string, key: string): Promise<void> {
    const keyProblem = await findKeyProblem(keyFolder, key);
    if (keyProblem !== undefined) {
      this.counts.files++;
      await this.#handle(keyProblem);
    }
    const layout = new KeyLayout();
    const passedOver: Found[] = [];
    for await (const files of findFiles(keyFolder, (what) => passedOver.push(what))) {
      for (const file of files) {
        if (isLeftOver(file)) {
          this.counts.leftOver++;
          if (this.#fix) await removeFile(file);
        }
        if (file.sha256 === undefined) continue;
        this.counts.files++;
        this.counts.bytes += file.sizeBytes;
        const problem = await findProblem(file, key, layout);
        if (problem !== undefined) await this.#handle(problem);
      }
    }
    for (const { path, problem } of passedOver) await this.#handle({ path, problem });
  }

  /** Counts and reports a problem, and removes the file where that is wanted. */
  async #handle({ path, problem, sizeBytes }: Found): Promise<void> {
    const isUnread = sizeBytes === undefined;
    const removal = this.#fix && !isUnread ? await removeFile({ path, sizeBytes }) : undefined;
    const isRemoved = removal !== undefined && removal.problem === undefined;
    this.counts.problems++;
    if (isRemoved) this.counts.removed++;
    if (isUnread) this.counts.unread++;
    const why = removal?.problem === undefined ? '' : `; it cannot be removed: ${removal.problem}`;
    this.#report({ path, problem: `${problem}${why}`, isRemoved });
  }
}

/** What is wrong with the description of a key. One that is missing does no harm: the next run writes it. */
async function findKeyProblem(keyFolder: string, key: string): Promise<Found | undefined> {
  const path = join(keyFolder, KEY_FILE);
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  try {
    await readFile(path);
  } catch (error) {
    return { path, problem: describeReadError(error) };
  }
  const described = await readKeyFile(keyFolder);
  if (described !== undefined && hashKey(described.key) === key) return undefined;
  const problem = 'it does not describe the features in its folder; the next run writes it';
  return { path, problem, sizeBytes: stats.size };
}

async function findProblem(file: FoundFile, key: string, layout: KeyLayout): Promise<Found | undefined> {
  const { path, sha256 = '', sizeBytes } = file;
  if (basename(dirname(path)) !== sha256.slice(0, 2)) {
    return { path, problem: 'it is in the wrong folder, where it is never found', sizeBytes };
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined; // a run has removed it meanwhile
    return { path, problem: describeReadError(error) };
  }
  try {
    const problem = layout.findDifference(path, decodeFeatures(bytes, { key, sha256 }));
    return problem === undefined ? undefined : { path, problem, sizeBytes };
  } catch (error) {
    return { path, problem: messageOf(error), sizeBytes };
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
