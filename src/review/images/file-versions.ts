import { createHash } from 'node:crypto';
import { digestOfFile } from '../../disk/cache.js';
import { RequestError } from '../../http/request-error.js';
import type { ImageRecord } from '../../run/record.js';
import { findImage, type FoundImage } from './find-image.js';

/** What of a record tells which bytes the run has seen. */
type SeenImage = Pick<ImageRecord, 'image' | 'sha256' | 'size_bytes' | 'modified_ms'>;

/** Whether files of images are still what the run has seen. A file is hashed only where its time is another one. */
export class FileVersions {
  readonly #hashes = new Map<string, { readonly tag: string; readonly sha256: string }>(); // by path

  /** @throws RequestError IMAGE_CHANGED */
  async assertSeen(record: SeenImage, found: FoundImage): Promise<void> {
    const { image: name, sha256, size_bytes: size, modified_ms: modified } = record;
    if (found.sizeBytes === size) {
      if (found.modifiedMs === modified) return;
      if ((await this.#hash(found)) === sha256) return;
    }
    throw changedError(name);
  }

  /** The same, of an image whose file may be gone: what was seen before can still be decided then. */
  async assertSeenIfThere(record: SeenImage, root: string): Promise<void> {
    const found = await findImage(record, root).catch(() => undefined);
    if (found !== undefined) await this.assertSeen(record, found);
  }

  async #hash({ path, tag }: FoundImage): Promise<string | undefined> {
    const known = this.#hashes.get(path);
    if (known?.tag === tag) return known.sha256;
    const sha256 = await digestOfFile(path, createHash('sha256')).catch(() => undefined);
    if (sha256 !== undefined) this.#hashes.set(path, { tag, sha256 });
    return sha256;
  }
}

/** The run has seen other bytes by now than a page shows. */
export function replacedError(name: string): RequestError {
  return new RequestError(
    'IMAGE_CHANGED',
    `${name} was replaced, and annotated again, since this page was loaded. Your change was made for the ` +
      'earlier picture, and was not saved. Load the page again.',
  );
}

/** A file is another one than the run has seen. */
export function changedError(name: string): RequestError {
  return new RequestError(
    'IMAGE_CHANGED',
    `${name} is another picture now than the one that the run has seen: these boxes belong to the earlier ` +
      'one. Before it can be reviewed, the run has to annotate it: stop the review, give the command of the run ' +
      'again, and open the review again.',
  );
}
