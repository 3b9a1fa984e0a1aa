import { PreannotateError } from '../../../core/errors.js';
import type { ListedObject } from '../../../core/image.js';
import { printable } from '../../../core/text.js';
import type { S3Address } from '../address.js';
import type { StorageProblem } from '../fetch-errors.js';
import type { FetchSettings } from '../fetch-settings.js';
import { openS3, type S3 } from './s3-client.js';
import { describeS3Error } from './s3-errors.js';

/** How a prefix is listed. */
export interface ListSettings {
  readonly fetch: FetchSettings;
  readonly recursive: boolean;
  readonly signal: AbortSignal;
}

/** An object below a prefix. */
export interface S3Object {
  readonly key: string;
  readonly listed: ListedObject;
  readonly isGiven: boolean; // it is the object of this very name
}

/**
 * Lists what `s3://bucket/prefix` means: the objects in this folder, and the object of this name. Hidden ones, with a
 * part that begins with a dot, and marks of folders are left out.
 *
 * @throws PreannotateError STORAGE_UNAVAILABLE unless all of it could be listed; the signal's reason
 */
export async function* listObjects(address: S3Address, settings: ListSettings): AsyncGenerator<S3Object> {
  const { bucket, key } = address;
  using s3 = await openS3(settings.fetch);
  try {
    const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
    let isEmpty = true;
    for await (const object of listPages(s3, { bucket, prefix: folder, ...settings })) {
      isEmpty = false;
      const isHidden = object.key
        .slice(folder.length)
        .split('/')
        .some((part) => part.startsWith('.'));
      if (!object.key.endsWith('/') && !isHidden) yield object;
    }
    const object = folder === key ? undefined : await findObject(s3, address, { ...settings, mayBeDenied: !isEmpty });
    if (object !== undefined) yield object;
  } catch (error) {
    settings.signal.throwIfAborted();
    if (error instanceof PreannotateError) throw error;
    throw listingError(bucket, describeS3Error(error));
  }
}

/**
 * The object of this very key, if there is one. It is asked for by its key: not every storage lists keys in order.
 *
 * @param options.mayBeDenied - The key is that of a folder, and credentials may be good for what is in it alone.
 */
async function findObject(
  { sdk, client }: S3,
  { bucket, key }: S3Address,
  { signal, mayBeDenied }: { readonly signal: AbortSignal; readonly mayBeDenied: boolean },
): Promise<S3Object | undefined> {
  try {
    const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key });
    const { ContentLength = 0, ETag } = await client.send(command, { abortSignal: signal });
    return { key, listed: { sizeBytes: ContentLength, etag: ETag }, isGiven: true };
  } catch (error) {
    const status = error instanceof sdk.S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 404 || (status === 403 && mayBeDenied)) return undefined;
    signal.throwIfAborted();
    const { reason, hint } = describeS3Error(error);
    const message = `It cannot be found out whether s3://${printable(`${bucket}/${key}`)} is an object: ${reason}.`;
    throw new PreannotateError({ code: 'STORAGE_UNAVAILABLE', message, hint });
  }
}

async function* listPages(
  { sdk, client }: S3,
  { bucket, prefix, recursive, signal }: Omit<ListSettings, 'fetch'> & { bucket: string; prefix: string },
): AsyncGenerator<S3Object> {
  const tokens = new Set<string>();
  let token: string | undefined;
  do {
    const command = new sdk.ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: 'url', // XML cannot hold every key
      ...(recursive ? {} : { Delimiter: '/' }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const page = await client.send(command, { abortSignal: signal });
    for (const object of page.Contents ?? []) yield toObject(object, page.EncodingType);
    token = page.IsTruncated === true ? (page.NextContinuationToken ?? '') : undefined;
    if (token !== undefined && (token === '' || tokens.has(token))) throw brokenListingError(bucket);
    if (token !== undefined) tokens.add(token);
  } while (token !== undefined);
}

function toObject(
  { Key = '', Size = 0, ETag }: { Key?: string | undefined; Size?: number | undefined; ETag?: string | undefined },
  encoding: string | undefined,
): S3Object {
  const key = encoding === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key;
  return { key, listed: { sizeBytes: Size, etag: ETag }, isGiven: false };
}

function brokenListingError(bucket: string): PreannotateError {
  const hint = 'Check the endpoint: without all pages, images would seem to be gone.';
  return listingError(bucket, { reason: 'its pages do not lead on to each other', hint });
}

function listingError(bucket: string, { reason, hint }: Pick<StorageProblem, 'reason' | 'hint'>): PreannotateError {
  const message = `The bucket ${printable(bucket)} cannot be listed: ${reason}.`;
  return new PreannotateError({ code: 'STORAGE_UNAVAILABLE', message, hint });
}
