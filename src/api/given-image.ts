import { fileURLToPath } from 'node:url';
import { isUint8Array } from 'node:util/types';
import { describeValue } from '../config/problems.js';
import { PreannotateError, messageOf } from '../core/errors.js';
import { excerpt } from '../core/text.js';

/** An image as a call of `detect` gives it. */
export type GivenImage =
  | { readonly bytes: Uint8Array } // of an encoded image
  | { readonly address: string } // http:, https: or s3:
  | { readonly path: string };

/** Addresses that are fetched, also as text. */
const ADDRESS = /^(https?|s3):/i;

/** What is given in place of an array of bytes, and how it is made one. */
const CONVERSIONS: readonly [matches: (image: unknown) => boolean, advice: string][] = [
  [(image) => image instanceof ArrayBuffer, 'Give new Uint8Array(buffer).'],
  [(image) => ArrayBuffer.isView(image), 'Give new Uint8Array(view.buffer, view.byteOffset, view.byteLength).'],
  [(image) => image instanceof Blob, 'Give new Uint8Array(await blob.arrayBuffer()).'],
  [(image) => image instanceof Promise, 'Await it first.'],
];

/** @throws PreannotateError USAGE for what is no image, and for addresses that are not read. */
export function readGivenImage(image: unknown): GivenImage {
  if (isUint8Array(image)) return { bytes: image };
  if (typeof image === 'string' && image !== '' && !image.includes('\0')) {
    return /^(https?|s3):\/\//i.test(image) ? { address: toAddress(image) } : { path: image };
  }
  if (!(image instanceof URL)) throw noImageError(image);
  if (image.protocol === 'file:') return { path: toPath(image) };
  if (ADDRESS.test(image.protocol)) return { address: image.href };
  throw usageError(`image is a URL with ${excerpt(image.protocol)}, which is not read.`);
}

function toAddress(text: string): string {
  if (URL.canParse(text)) return text;
  throw usageError(`image is "${excerpt(text)}", which is no valid address.`);
}

function toPath(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw usageError(`image is ${excerpt(url.href)}, which names no file of this machine: ${messageOf(error)}.`);
  }
}

function noImageError(image: unknown): PreannotateError {
  const found = CONVERSIONS.find(([matches]) => matches(image));
  return usageError(`image must be a path, a URL or a Uint8Array, not ${describeValue(image)}.`, found?.[1]);
}

const EXPECTED = 'Give the path of a file, a URL (file:, http:, https: or s3:), or the bytes of an encoded image.';

function usageError(message: string, hint = EXPECTED): PreannotateError {
  return new PreannotateError({ code: 'USAGE', message, hint });
}
