import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import { below } from '../../disk/calls/below.js';
import { callFile } from '../../disk/calls/call-file.js';
import {
  fingerprintFile,
  inodeOf,
  isSameFile,
  isWrittenFile,
  stampOf,
  type Fingerprint,
} from './record/fingerprint.js';
import type { WrittenFile } from './record/record-lines.js';

/**
 * What is in a file's place: `current`, just what is to be there; `earlier`, what was written there before;
 * `rewritten`, a copy that a program or the user has changed, of an image that has changed since or leaves the view;
 * `none`, no file, as expected; `edited`, something else; `deleted`, nothing, although a file was written.
 */
type FileState = 'current' | 'earlier' | 'rewritten' | 'none' | 'edited' | 'deleted';

/** What is in a file's place. */
interface Found {
  readonly state: FileState;
  readonly stamp?: string; // of what is there
  readonly isRewritten?: boolean; // it is a copy whose content is another than that which was written
}

/** What the record says of a file that stays. */
export function toRecorded(path: string, is: Fingerprint, { stamp, isRewritten }: Omit<Found, 'state'>): WrittenFile {
  return {
    path,
    is,
    ...(stamp === undefined ? {} : { stamp }),
    ...(isRewritten === true ? { rewritten: true } : {}),
  };
}

/** Looks at the files of a view. Links are never followed, so that nothing outside the view is ever touched. */
export class DiskState {
  readonly #root: string;
  readonly #obstacles = new Map<string, Promise<string | undefined>>(); // by folder

  /** @param root - Absolute folder of the view. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * @param path - Relative to the view.
   * @param before - What was written there.
   * @param now - What is to be there.
   */
  async find(path: string, before: readonly WrittenFile[], now?: Fingerprint): Promise<Found> {
    if ((await this.obstacleOf(path)) !== undefined) return { state: 'edited' };
    const stats = await statsOf(below(this.#root, path));
    if (stats === undefined)
      return { state: before.length > 0 && !before.some(({ maybe }) => maybe) ? 'deleted' : 'none' };
    const found = await this.#fingerprint(path, stats, { before, now });
    const state = stateOf(found, before, now);
    const stamp = stampOf(stats);
    if (state !== 'edited' || !stats.isFile()) return { state, stamp };
    const ofRewritten = stateOfRewritten(before, now);
    return { state: ofRewritten, stamp, isRewritten: ofRewritten !== 'edited' };
  }

  /** The first part of the path, before its name, that is neither a folder nor missing: a link, or a file. */
  async obstacleOf(path: string): Promise<string | undefined> {
    const folder = dirname(path);
    if (folder === '.') return undefined;
    const known = this.#obstacles.get(folder) ?? this.#findObstacle(folder);
    this.#obstacles.set(folder, known);
    return await known;
  }

  /** After an obstacle was moved away. */
  forgetObstacles(): void {
    this.#obstacles.clear();
  }

  async #findObstacle(folder: string): Promise<string | undefined> {
    const above = await this.obstacleOf(folder);
    if (above !== undefined) return above;
    const stats = await statsOf(below(this.#root, folder));
    return stats === undefined || stats.isDirectory() ? undefined : folder;
  }

  /** @returns undefined for what can be neither of the two. A file is read only if its size is right. */
  async #fingerprint(
    path: string,
    stats: BigIntStats,
    { before, now }: { before: readonly WrittenFile[]; now: Fingerprint | undefined },
  ): Promise<Fingerprint | undefined> {
    const place = below(this.#root, path);
    if (stats.isSymbolicLink())
      return { link: await callFile({ now: () => readlinkSync(place), later: () => readlink(place) }) };
    if (!stats.isFile()) return undefined;
    const candidates = [...before.map(({ is }) => is), ...(now === undefined ? [] : [now])];
    const inode = inodeOf(stats);
    const linked = candidates.find((candidate) => 'inode' in candidate && candidate.inode === inode);
    if (linked !== undefined) return linked;
    const unchanged = before.find(({ stamp, rewritten }) => rewritten !== true && stamp === stampOf(stats));
    if (unchanged !== undefined) return unchanged.is;
    const isPossible = candidates.some((candidate) => BigInt(sizeOf(candidate) ?? -1) === stats.size);
    return isPossible ? await fingerprintFile(place) : undefined;
  }
}

function sizeOf(file: Fingerprint): number | undefined {
  if ('size' in file) return file.size;
  return 'content' in file ? file.content.size : undefined;
}

function stateOf(
  found: Fingerprint | undefined,
  before: readonly WrittenFile[],
  now: Fingerprint | undefined,
): FileState {
  if (found === undefined) return 'edited';
  if (now !== undefined && isSameFile(found, now)) return 'current';
  return before.some(({ is }) => isWrittenFile(found, is)) ? 'earlier' : 'edited';
}

/**
 * Programs rewrite some copies of images, which is no edit. Such a copy is of no use once the image has changed, but it
 * may as well have been the user who changed it.
 */
function stateOfRewritten(before: readonly WrittenFile[], now: Fingerprint | undefined): FileState {
  const copies = before.map(({ is }) => is).filter((is) => 'rewritable' in is);
  const isCopyOfNow = copies.some((copy) => now !== undefined && isSameFile(copy, now));
  if (copies.length > 0 && !isCopyOfNow) return 'rewritten';
  return now !== undefined && 'rewritable' in now ? 'current' : 'edited';
}

/** The file itself, not what it links to. @returns undefined when there is none. */
export async function statsOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await callFile({
      now: () => lstatSync(path, { bigint: true }),
      later: () => lstat(path, { bigint: true }),
    });
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
