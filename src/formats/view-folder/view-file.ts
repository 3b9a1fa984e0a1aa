import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { writeHashed } from '../../disk/atomic.js';
import { callFile } from '../../disk/calls/call-file.js';
import { withWriteErrors } from '../../disk/write-failure.js';
import { fingerprintText, type Fingerprint } from './record/fingerprint.js';

/** A file that a view is to have. */
export interface ViewFile {
  readonly path: string; // relative to the view, forward slashes
  /**
   * What the file will be, where that is known before it is written: it is then not written needlessly.
   *
   * @param place - As for `write`.
   */
  readonly foresee?: (place: string) => Promise<Fingerprint | undefined>;
  /**
   * Writes the file.
   *
   * @param target - Absolute path that does not exist, in a folder that does.
   * @param place - Absolute path where the file will be in the end, which errors and relative links name.
   * @returns undefined when there is nothing to write after all.
   */
  readonly write: (target: string, place: string) => Promise<Fingerprint | undefined>;
  readonly isLast?: boolean; // it cannot be written any more: what was written before stays
}

/** The files that a view is to have for one image. */
export interface ViewFileGroup {
  readonly image?: string; // its name; left out for the files of the view as a whole, which come last
  readonly files: readonly ViewFile[];
}

/** A small file. It is not synced to the disk, because a view may have a million of them. */
export function textFile(path: string, text: string): ViewFile {
  const fingerprint = fingerprintText(text);
  return {
    path,
    foresee: () => Promise.resolve(fingerprint),
    write: async (target, place) => {
      const write = {
        now: () => writeFileSync(target, text, { flag: 'wx' }),
        later: () => writeFile(target, text, { flag: 'wx' }),
      };
      await withWriteErrors(place, () => callFile(write));
      return fingerprint;
    },
  };
}

/** A file of any size. @param content - Parts of it; what iterating over them throws is thrown as it is. */
export function streamedFile(path: string, content: AsyncIterable<string>): ViewFile {
  return { path, write: (target, place) => writeHashed(target, content, place) };
}
