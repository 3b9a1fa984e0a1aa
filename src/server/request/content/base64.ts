import { excerpt } from '../../../core/text.js';
import { invalidFieldError } from '../../../http/request-error.js';
import { decodePercent } from './percent.js';

const MAX_HEAD_CHARACTERS = 200; // of a data: URL, before its comma
const LINE_BREAKS = /[\r\n\t\v\f]+/g;

/** Fewer spaces at equal distances can be chance; they are taken for + or refused, never for separators. */
const MIN_SEPARATORS = 4;

/** Whether a text is a data: URL. */
export function isDataUrl(text: string): boolean {
  return /^\s{0,20}data:/i.test(text.slice(0, 30));
}

/**
 * Decodes base64, also of a data: URL. Its alphabet may be that of URLs, padding may be missing and lines may be
 * broken. Spaces are + signs that were not escaped in a form, unless they separate lines.
 *
 * @param pointer - Where the text is in the request.
 * @throws RequestError REQUEST_INVALID for anything that is not exactly base64: an image is never decoded in part
 */
export function decodeBase64(given: string, pointer: string): Uint8Array {
  if (isDataUrl(given)) return decodeDataUrl(given, pointer);
  const exact = decodeExactly(given); // nearly always: the rest reads megabytes several times
  if (exact !== undefined) return exact;
  const text = given.replaceAll(LINE_BREAKS, '');
  const bytes = text.includes(' ') ? decodeWithSpaces(text, pointer) : decodeExactly(text);
  if (bytes === undefined) throw invalidFieldError(pointer, describeMistake(text));
  return bytes;
}

/**
 * Decodes a data: URL (RFC 2397), of base64 or of percent-encoded bytes.
 *
 * @throws RequestError REQUEST_INVALID
 */
export function decodeDataUrl(given: string, pointer: string): Uint8Array {
  const url = given.trimStart();
  const comma = url.slice(0, MAX_HEAD_CHARACTERS).indexOf(',');
  if (comma === -1) throw invalidFieldError(pointer, 'It is a data: URL without a comma before its data.');
  const isBase64 = /;\s*base64\s*$/i.test(url.slice(0, comma));
  const end = url.indexOf('#', comma);
  const data = url.slice(comma + 1, end === -1 ? undefined : end);
  if (isBase64) return decodeBase64(data.includes('%') ? decodePercent(data).toString('latin1') : data, pointer);
  const bytes = decodePercent(data);
  if (bytes.length === 0) throw invalidFieldError(pointer, 'It is a data: URL without data.');
  return bytes;
}

/** @returns undefined unless every character counts, and their number is possible */
function decodeExactly(text: string): Uint8Array | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const isPossible = padding === 0 ? digits % 4 !== 1 : text.length % 4 === 0;
  const isAscii = Buffer.byteLength(text) === text.length; // of other characters, the lower byte would be read
  if (digits === 0 || !isPossible || !isAscii) return undefined;
  const bytes = Buffer.from(text, 'base64'); // reads the alphabet of URLs too, and passes over other characters
  return bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined;
}

/** @throws RequestError REQUEST_INVALID where spaces can be either, and the two readings are different images */
function decodeWithSpaces(text: string, pointer: string): Uint8Array | undefined {
  const asPlus = decodeExactly(text.replaceAll(' ', '+'));
  const asSeparators = decodeExactly(text.replaceAll(' ', ''));
  if (asPlus === undefined || asSeparators === undefined) return asPlus ?? asSeparators;
  const lines = text.split(/ +/);
  if (!haveEqualLength(lines)) return asPlus;
  if (lines.length > MIN_SEPARATORS) return asSeparators;
  throw invalidFieldError(pointer, 'It has spaces that may have been + signs: write + as %2B in a form or a query.');
}

/** As lines of base64 have, except for the last. */
function haveEqualLength(lines: readonly string[]): boolean {
  const [first = ''] = lines;
  const last = lines.at(-1) ?? '';
  return (
    first.length % 4 === 0 &&
    last.length <= first.length &&
    lines.slice(0, -1).every((line) => line.length === first.length)
  );
}

function describeMistake(text: string): string {
  const at = text.search(/[^\w+/=\s-]/);
  if (at !== -1) return `It is not base64: character ${at + 1} is "${excerpt(text.charAt(at))}".`;
  if (text.trim() === '') return 'It is not base64: it is empty.';
  return 'It is not base64: its length or its padding (=) is wrong, so it may be cut off.';
}
