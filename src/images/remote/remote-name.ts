import { createHash } from 'node:crypto';
import type { RemoteAddress } from './address.js';

const MAX_SEGMENT_BYTES = 200; // file systems take 255; views add endings
const MAX_NAME_BYTES = 900; // paths take 4096 bytes at most, on some systems 1024
const MAX_ENDING = 16; // what is longer is a name with a dot in it
const HASH_DIGITS = 12; // a million URLs that differ in their queries alone have different names

/** Parameters of signed links. They change whenever a link is signed again, and say nothing about the image. */
const SIGNATURE = /^x-(?:amz|goog)-(?:algorithm|credential|date|expires|security-token|signature|signedheaders)$/i;

/**
 * What cannot be in a name: separators, control characters, what ends lines or turns the reading direction, and `%`, so
 * that no two addresses have the same name. Lone surrogates have no UTF-8.
 */
const UNSAFE = /[%/\\\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu;

/**
 * The name that an image has in every output: `host/path` or `bucket/key`, with a hash of the query before the ending.
 * It is a relative path without `.`, `..` and empty parts.
 */
export function nameOf(address: RemoteAddress): string {
  const isS3 = address.kind === 's3';
  const place = isS3 ? address.bucket : hostOf(address.url);
  const parts = (isS3 ? address.key.split('/') : partsOf(address.url)).map(encodePart);
  const file = shorten(parts.pop()!, isS3 ? '' : hashOfQuery(address.url));
  const name = [place, ...parts.map((part) => shorten(part)), file].join('/');
  return Buffer.byteLength(name) <= MAX_NAME_BYTES ? name : [place, `~${digest(parts.join('/'))}`, file].join('/');
}

/** What the names of all objects begin with whose keys begin with a prefix, but for names that were shortened. */
export function nameOfPrefix(bucket: string, prefix: string): string {
  const parts = prefix.split('/');
  const last = parts.pop()!;
  return [bucket, ...parts.map(encodePart), encode(last)].join('/');
}

/** What two addresses of the same image have in common. Not for output. */
export function identityOf(address: RemoteAddress): string {
  if (address.kind === 's3') return `s3://${address.bucket}/${address.key}`;
  return `${address.url.origin}${address.url.pathname}?${unsignedQuery(address.url)}`;
}

function hostOf({ host }: URL): string {
  return encode(host.replace(/\.(?=:|$)/, ''));
}

/** The parts of a path as people write them: `%20` is a space. Parts that are no UTF-8 stay as they are. */
function partsOf({ pathname }: URL): string[] {
  const parts = pathname.slice(1).split('/');
  return parts.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

/** An empty part, as in `a//b`, is written as `%`. */
function encodePart(part: string): string {
  if (part === '') return '%';
  return /^\.\.?$/.test(part) ? part.replaceAll('.', '%2E') : encode(part);
}

function encode(text: string): string {
  return text.replaceAll(UNSAFE, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

function hashOfQuery(url: URL): string {
  const query = unsignedQuery(url);
  return query === '' ? '' : `~${digest(query)}`;
}

function unsignedQuery({ search }: URL): string {
  const parameters = search.slice(1).split('&');
  return parameters.filter((parameter) => !SIGNATURE.test(parameter.split('=')[0]!)).join('&');
}

/** Puts a suffix before the ending; what is too long is replaced by a hash. */
function shorten(part: string, suffix = ''): string {
  const dot = part.lastIndexOf('.');
  const isEnding = dot > 0 && part.length - dot <= MAX_ENDING;
  const [stem, ending] = isEnding ? [part.slice(0, dot), part.slice(dot)] : [part, ''];
  const whole = stem + suffix + ending;
  if (Buffer.byteLength(whole) <= MAX_SEGMENT_BYTES) return whole;
  const end = `~${digest(stem)}${suffix}${ending}`;
  const room = MAX_SEGMENT_BYTES - Buffer.byteLength(end);
  return (
    Buffer.from(stem)
      .toString('utf8', 0, room)
      .replace(/\ufffd+$/, '') + end
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);
}
