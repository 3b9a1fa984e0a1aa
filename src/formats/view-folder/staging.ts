import { lstatSync } from 'node:fs';
import { lstat, rm, symlink } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { below } from '../../disk/calls/below.js';
import { callFile } from '../../disk/calls/call-file.js';
import { makeFolder } from '../../disk/make-folder.js';
import { withWriteErrors } from '../../disk/write-failure.js';
import { statsOf } from './disk-state.js';
import { stampOf, type Fingerprint } from './record/fingerprint.js';
import { moveFile } from './move-file.js';
import type { FileGroup } from './record/record-lines.js';
import type { ViewFile } from './view-file.js';

/**
 * A folder in which the files of a view are written before any of them is put in its place, so that an error leaves the
 * view as it was.
 */
export class Staging implements AsyncDisposable {
  readonly folder: string;
  readonly #place: string;
  readonly #made = new Map<string, Promise<unknown>>(); // each folder once

  private constructor(folder: string, place: string) {
    this.folder = folder;
    this.#place = place;
  }

  /**
   * Begins with an empty folder; a process that was killed may have left one.
   *
   * @param folder - On the file system of the view.
   * @param place - Absolute folder of the view, without links, so that relative links are right.
   */
  static async open(folder: string, place: string): Promise<Staging> {
    await withWriteErrors(place, async () => {
      await rm(folder, { recursive: true, force: true });
      await makeFolder(folder);
    });
    return new Staging(folder, place);
  }

  async makeFolder(path: string): Promise<void> {
    const making = this.#made.get(path) ?? makeFolder(below(this.folder, path));
    this.#made.set(path, making);
    await withWriteErrors(this.placeOf(path), () => making);
  }

  async write({ path, write }: ViewFile): Promise<Fingerprint | undefined> {
    await this.makeFolder(dirname(path));
    return await write(below(this.folder, path), this.placeOf(path));
  }

  async discard(path: string): Promise<void> {
    await withWriteErrors(this.placeOf(path), () => rm(below(this.folder, path)));
  }

  /** Stamps files that get their places together with this folder, which leaves their stamps as they are. */
  async stamp({ files, ...group }: FileGroup): Promise<FileGroup> {
    const stamped = files.map(async (file) => {
      const stats = await statsOf(below(this.folder, file.path));
      return stats === undefined ? file : { ...file, stamp: stampOf(stats) };
    });
    return { ...group, files: await Promise.all(stamped) };
  }

  async has(path: string): Promise<boolean> {
    const place = below(this.folder, path);
    try {
      await callFile({ now: () => lstatSync(place), later: () => lstat(place) });
      return true;
    } catch {
      return false;
    }
  }

  placeOf(path: string): string {
    return below(this.#place, path);
  }

  /** Puts a file in its place, over what is there. */
  async place(path: string): Promise<void> {
    const place = this.placeOf(path);
    await withWriteErrors(place, () => moveFile(below(this.folder, path), place));
  }

  /** A file that was not placed, for another view. */
  toViewFile(path: string, is: Fingerprint): ViewFile {
    const from = below(this.folder, path);
    const linkAgain = async (source: string, target: string, place: string) => {
      const link = relative(dirname(place), source);
      await withWriteErrors(place, () => symlink(link, target));
      return { link };
    };
    const write = async (target: string, place: string) => {
      if ('link' in is) return await linkAgain(resolve(dirname(this.placeOf(path)), is.link), target, place);
      await withWriteErrors(place, () => moveFile(from, target));
      return is;
    };
    return { path, write };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true }).catch(() => {}); // the next process removes it
  }
}
