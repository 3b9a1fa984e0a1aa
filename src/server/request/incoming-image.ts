import type { RequestContext } from './request-context.js';
import { fetchImage } from '../../net/fetch-image.js';
import type { Share } from '../admission/admission-control.js';
import { decodeBase64, decodeDataUrl, isDataUrl } from './content/base64.js';
import type { UrlPolicy } from '../../net/url-policy.js';

/** An image of a request. */
export interface IncomingImage {
  readonly name: string; // in messages
  readonly id?: string; // the client's own
  readonly isFetched?: boolean; // from a URL, when it is loaded
  /** Its encoded bytes. @throws PreannotateError REQUEST_INVALID, URL_REFUSED …, QUEUE_FULL */
  readonly load: (policy: UrlPolicy, request: LoadContext) => Promise<Uint8Array>;
}

/** The request that an image is loaded for. */
export interface LoadContext {
  readonly request: RequestContext;
  readonly share: Share;
}

/** The image fields of a JSON body; one of the two is there. */
interface ImageFields {
  readonly image_base64?: string | undefined;
  readonly image_url?: string | undefined;
}

/** @param pointer - Where the fields are in the request. */
export function readImageFields(
  { image_base64, image_url }: ImageFields,
  pointer: string,
): Pick<IncomingImage, 'load' | 'isFetched'> {
  if (image_url !== undefined && isDataUrl(image_url)) {
    // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown becomes a rejection
    return { load: async () => decodeDataUrl(image_url, `${pointer}/image_url`) };
  }
  if (image_url !== undefined) {
    return { isFetched: true, load: (policy, request) => fetchInto(image_url, policy, request) };
  }
  return readBase64Field(image_base64 ?? '', `${pointer}/image_base64`);
}

/** @param pointer - Where the text is in the request. */
export function readBase64Field(text: string, pointer: string): Pick<IncomingImage, 'load'> {
  // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown becomes a rejection
  return { load: async () => decodeBase64(text, pointer) };
}

/**
 * Fetches the image at a URL; its bytes count into the share as they arrive.
 *
 * @throws PreannotateError URL_REFUSED …, QUEUE_FULL
 */
export function fetchInto(url: string, policy: UrlPolicy, { request, share }: LoadContext): Promise<Uint8Array> {
  const onBytes = (count: number) => share.grow({ items: 0, bytes: count });
  return request.limitFetches(() => fetchImage(url, { ...policy, onBytes }, request.signal));
}
