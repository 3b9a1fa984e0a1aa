import type { FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { nameInMessage } from '../../core/text.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { RequestError } from '../../http/request-error.js';
import { readImageHeader, readOrientation } from '../../images/header.js';
import type { FetchSettings } from '../../images/remote/fetch-settings.js';
import { sniff } from '../../images/sniff.js';
import type { ImageRecord } from '../../run/record.js';
import { ImageRenderer, NotRendered, type Rendered } from '../../workers/previews/image-renderer.js';
import type { ThumbnailRequest } from '../../workers/previews/preview-artist.js';
import { ThumbnailCache } from '../../workers/previews/thumbnail-cache.js';
import { FetchedImages } from './fetched-images.js';
import { changedError, type FileVersions } from './file-versions.js';
import { findImage } from './find-image.js';
import { SharedWork } from './shared-work.js';

/** Types that browsers show, by what their content is called. */
const SHOWN: Readonly<Record<string, string>> = {
  JPEG: 'image/jpeg',
  PNG: 'image/png',
  WebP: 'image/webp',
  GIF: 'image/gif',
  AVIF: 'image/avif',
  BMP: 'image/bmp',
};

/** Browsers turn images as EXIF says, but not of every type. */
const TURNED_BY_BROWSERS = ['JPEG'];

const SNIFFED_BYTES = 4096;
const MAX_WAITING = 500; // several screens full of thumbnails

/** Where images are and how they are fetched and decoded. */
interface ImageSource {
  readonly outDir: string;
  readonly root: () => string | undefined; // absolute; undefined where the images are remote
  readonly limits: () => ThumbnailRequest['limits'];
  readonly fetch: Omit<FetchSettings, 'maxBytes'>;
  readonly versions: FileVersions;
}

interface OpenUse {
  readonly signal: AbortSignal;
  readonly isKnown: (tag: string) => boolean; // whether the browser has what a tag stands for
}

/** What is sent of an image. */
export interface ShownImage {
  readonly type: string;
  readonly tag: string; // for ETag
  readonly content: { readonly file: FileHandle; readonly length: number } | { readonly bytes: Uint8Array };
}

/** The images of a run, as browsers can show them. Decoding is left to child processes. */
export class ReviewImages implements AsyncDisposable {
  readonly #source: ImageSource;
  readonly #cache: ThumbnailCache;
  readonly #renderer = new ImageRenderer(MAX_WAITING);
  readonly #making = new SharedWork<Rendered>();
  readonly #remote: FetchedImages;

  constructor(source: ImageSource) {
    this.#source = source;
    this.#cache = new ThumbnailCache(source.outDir);
    const { fetch, limits } = source;
    this.#remote = new FetchedImages(() => ({ ...fetch, maxBytes: limits().maxBytes, isAgain: true }));
  }

  /**
   * A whole image: its own bytes where browsers can show them, else a JPEG.
   *
   * @returns undefined where the browser has it.
   * @throws RequestError NOT_FOUND, IMAGE_UNREADABLE, IMAGE_UNDECODABLE, IMAGE_CHANGED, QUEUE_FULL
   */
  async open(record: ImageRecord, { signal, isKnown }: OpenUse): Promise<ShownImage | undefined> {
    const root = this.#source.root();
    if (root === undefined) return await this.#openRemote(record, { signal, isKnown });
    const found = await findImage(record, root);
    const { path, tag } = found;
    if (isKnown(tag)) return undefined;
    const shown =
      (await this.#openOriginal(record, { path, tag })) ?? (await this.#render(record, { path, tag, signal }));
    try {
      await this.#source.versions.assertSeen(record, found); // last: that a file is damaged says more
      return shown;
    } catch (error) {
      if ('file' in shown.content) await shown.content.file.close();
      throw error;
    }
  }

  /** @throws as {@link open} does */
  async thumbnail(record: ImageRecord, sidePx: number, signal: AbortSignal): Promise<Uint8Array> {
    const key = { sha256: record.sha256, sidePx };
    const cached = await this.#cache.read(key);
    if (cached !== undefined) {
      const root = this.#source.root();
      if (root !== undefined) await this.#source.versions.assertSeenIfThere(record, root);
      return cached;
    }
    const { bytes } = await this.#making.run(`${record.sha256} ${sidePx}`, signal, async (abandoned) => {
      const rendered = await this.#make(record, sidePx, abandoned);
      if (rendered.sha256 !== record.sha256) throw changedError(record.image);
      await this.#cache.write(key, rendered.bytes);
      return rendered;
    });
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#renderer[Symbol.asyncDispose]();
    await this.#remote[Symbol.asyncDispose]();
  }

  /** @returns undefined where browsers do not show this type, or not upright. */
  async #openOriginal(
    { image }: ImageRecord,
    { path, tag }: { readonly path: string; readonly tag: string },
  ): Promise<ShownImage | undefined> {
    const file = await openRegularFile(path).catch((error: unknown) => {
      throw new RequestError('IMAGE_UNREADABLE', `${image} cannot be read: ${(error as Error).message}.`);
    });
    try {
      const { size: length } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
      const { kind } = sniff(buffer.subarray(0, bytesRead));
      const type = SHOWN[kind];
      if (type !== undefined && (TURNED_BY_BROWSERS.includes(kind) || (await isUpright(path))))
        return { type, tag, content: { file, length } };
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    return undefined;
  }

  async #openRemote(record: ImageRecord, { signal, isKnown }: OpenUse): Promise<ShownImage | undefined> {
    const tag = record.sha256.slice(0, 32);
    if (isKnown(tag)) return undefined;
    const bytes = await this.#remote.get(record, signal);
    const { kind } = sniff(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const type = SHOWN[kind];
    if (type !== undefined && (TURNED_BY_BROWSERS.includes(kind) || ((await readOrientation(bytes)) ?? 0) === 1))
      return { type, tag, content: { bytes } };
    const made = await this.#making.run(record.sha256, signal, (abandoned) => this.#make(record, 'full', abandoned));
    return { type: 'image/jpeg', tag, content: { bytes: made.bytes } };
  }

  async #render(
    record: ImageRecord,
    { tag, path, signal }: { readonly tag: string; readonly path: string; readonly signal: AbortSignal },
  ): Promise<ShownImage> {
    const { bytes } = await this.#making.run(path, signal, (abandoned) => this.#make(record, 'full', abandoned));
    return { type: 'image/jpeg', tag, content: { bytes } };
  }

  /** @param signal - Gives up what has not begun yet. */
  async #make(
    record: ImageRecord,
    thumbnailPx: ThumbnailRequest['thumbnailPx'],
    signal: AbortSignal,
  ): Promise<Rendered> {
    const request = async () => ({
      source: await this.#sourceOf(record, signal),
      thumbnailPx,
      limits: this.#source.limits(),
    });
    try {
      return await this.#renderer.render(request, signal);
    } catch (error) {
      if (error instanceof RangeError)
        throw new RequestError('QUEUE_FULL', 'Too many images are asked for.', { headers: { 'retry-after': '1' } });
      if (!(error instanceof NotRendered)) throw error;
      const root = this.#source.root();
      const problem = root === undefined ? error.message : error.message.replaceAll(join(root, sep), '');
      throw new RequestError('IMAGE_UNDECODABLE', nameInMessage(record.image, problem));
    }
  }

  async #sourceOf(record: ImageRecord, signal: AbortSignal): Promise<string | Uint8Array> {
    const root = this.#source.root();
    return root === undefined ? await this.#remote.get(record, signal) : (await findImage(record, root)).path;
  }
}

async function isUpright(path: string): Promise<boolean> {
  const header = await readImageHeader(path);
  return typeof header !== 'string' && header.orientation <= 1;
}
