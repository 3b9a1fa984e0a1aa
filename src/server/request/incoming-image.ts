import type { RequestContext } from './request-context.js';
import { fetchImage } from './fetch/fetch-image.js';
import type { Share } from '../admission/admission-control.js';
import { invalidFieldError } from '../http/request-error.js';
import type { UrlPolicy } from './fetch/url-policy.js';

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

const DATA_URL = /^data:[^,]{0,100};base64,/;

/** @param pointer - Where the fields are in the request. */
export function readImageFields(
  { image_base64, image_url }: ImageFields,
  pointer: string,
): Pick<IncomingImage, 'load' | 'isFetched'> {
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

/**
 * Decodes base64, also of a data: URL. Node skips invalid characters, so the length of the result is checked. White
 * space is allowed, because MIME breaks lines.
 *
 * @throws RequestError REQUEST_INVALID
 */
export function decodeBase64(given: string, pointer: string): Uint8Array {
  const text = given.slice(DATA_URL.exec(given.slice(0, 200))?.[0].length ?? 0);
  const bytes = Buffer.from(text, 'base64');
  if (
    bytes.length > 0 &&
    (bytes.length === decodedLengthOf(text) || bytes.length === decodedLengthOf(removeWhitespace(text)))
  ) {
    return bytes;
  }
  throw invalidFieldError(pointer, 'It is not base64.');
}

function decodedLengthOf(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return Math.floor(((text.length - padding) * 3) / 4);
}

function removeWhitespace(text: string): string {
  return text.replaceAll(/\s+/g, '');
}
