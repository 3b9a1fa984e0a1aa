import { Readable } from 'node:stream';
import type { S3Address } from '../address.js';
import { StorageFetchError } from '../fetch-errors.js';
import type { FetchSettings } from '../fetch-settings.js';
import type { OpenedImage } from '../image-source.js';
import { openS3, type S3 } from './s3-client.js';
import { describeS3Error } from './s3-errors.js';

/** Objects of S3 and of storage that speaks its protocol. */
export class S3Source implements AsyncDisposable {
  readonly #settings: FetchSettings;
  #opened: Promise<S3> | undefined;

  constructor(settings: FetchSettings) {
    this.#settings = settings;
  }

  /** @throws PreannotateError; the signal's reason */
  async open({ bucket, key }: S3Address, signal: AbortSignal): Promise<OpenedImage> {
    const { sdk, client } = await (this.#opened ??= openS3(this.#settings));
    try {
      const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key });
      const { Body, ContentLength, ETag, LastModified } = await client.send(command, { abortSignal: signal });
      if (!(Body instanceof Readable)) throw new Error('the SDK gave no stream. This is a bug.');
      Body.on('error', () => {}); // of a body that is left unread
      return { body: Body, length: ContentLength, etag: ETag, modifiedMs: LastModified?.getTime() ?? 0 };
    } catch (error) {
      signal.throwIfAborted();
      throw new StorageFetchError(describeS3Error(error)); // the SDK has tried again where that could help
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    opened?.[Symbol.dispose]();
  }
}
