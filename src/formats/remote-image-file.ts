import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { PreannotateError } from '../core/errors.js';
import { NameList } from '../core/name-list.js';
import { counted } from '../core/text.js';
import { withWriteErrors } from '../disk/write-failure.js';
import type { View } from './format.js';
import type { ImagePlace } from './image-file.js';
import type { Fingerprint } from './view-folder/record/fingerprint.js';
import type { ViewFile } from './view-folder/view-file.js';

/** A remote image that a view has beside its labels. */
export interface RemoteImagePlace extends Omit<ImagePlace, 'source'> {
  readonly url: string | undefined; // not known of an address that may not be stored
}

type DownloadView = Pick<View, 'remote' | 'signal' | 'onMissingCopy'>;

/** Downloads the images of a view, and counts those that could not be had as they were when they were annotated. */
export class ImageDownloader {
  readonly #view: DownloadView;
  readonly #changed = new NameList();
  readonly #unknown = new NameList();
  readonly #failed = new NameList();
  #firstFailure = '';

  constructor(view: DownloadView) {
    this.#view = view;
  }

  /** A copy that is there is not downloaded again, and one that the user or a program has changed stays. */
  toViewFile(image: RemoteImagePlace): ViewFile {
    if (image.isMissing) return { path: image.path, isLast: true, write: () => Promise.resolve(undefined) };
    const is: Fingerprint = { ...image.content, rewritable: true };
    return {
      path: image.path,
      foresee: () => Promise.resolve(is),
      write: async (target, place) => ((await this.#download(image, { target, place })) ? is : undefined),
    };
  }

  /** @param view - What notes begin with: `yolo`. */
  notes(view: string): string[] {
    const describe = ({ count, summary }: NameList, what: string) =>
      count === 0 ? [] : [`${view}: ${counted(count, 'image')} ${what} (${summary}).`];
    return [
      ...describe(
        this.#changed,
        'changed since annotation and not downloaded; the same `run` with --restart annotates again',
      ),
      ...describe(
        this.#failed,
        `could not be downloaded; the same command tries again. The first: ${this.#firstFailure}`,
      ),
      ...describe(
        this.#unknown,
        'not downloaded, because addresses with a query, a user name or a password are not stored: give them to ' +
          'the same `run` again, with --images copy',
      ),
    ];
  }

  async #download({ name, url, content }: RemoteImagePlace, at: { target: string; place: string }): Promise<boolean> {
    const { remote, signal = new AbortController().signal } = this.#view;
    if (url === undefined || remote === undefined) {
      this.#unknown.add(name);
      return false;
    }
    try {
      using fetched = await remote.fetch({ name, url }, signal);
      if (createHash('sha256').update(fetched.bytes).digest('hex') !== content.sha256) {
        return this.#miss(name, this.#changed);
      }
      await withWriteErrors(at.place, () => writeFile(at.target, fetched.bytes, { flag: 'wx' }));
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PreannotateError) || error.code === 'WRITE_FAILED') throw error;
      if (this.#failed.count === 0) this.#firstFailure = error.message;
      return this.#miss(name, this.#failed);
    }
  }

  #miss(name: string, list: NameList): false {
    list.add(name);
    this.#view.onMissingCopy?.();
    return false;
  }
}
