import { MAX_URL_LENGTH } from '../../net/url-policy.js';

/** Where a remote image is. */
export type RemoteAddress = HttpAddress | S3Address;

export interface HttpAddress {
  readonly kind: 'http';
  readonly url: URL; // without user info and fragment
  readonly authorization: string | undefined; // header, from the user info
}

export interface S3Address {
  readonly kind: 's3';
  readonly bucket: string;
  readonly key: string; // as it is, not percent-encoded; a prefix where a folder is meant
}

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]$/i;

/** Whether a text is meant as an address, not as a path. */
export function isAddress(text: string): boolean {
  return /^(?:https?|s3):\/\//i.test(text);
}

/** @returns What is wrong with the text, as the end of a sentence, where it is no address. It quotes nothing of it. */
export function parseAddress(text: string): RemoteAddress | { readonly kind: 'invalid'; readonly problem: string } {
  if (text.length > MAX_URL_LENGTH) return invalid(`is longer than ${MAX_URL_LENGTH} characters`);
  if (/^s3:\/\//i.test(text)) return parseS3(text.slice('s3://'.length));
  if (!isAddress(text)) return invalid('is no http://, https:// or s3:// address');
  if (!URL.canParse(text)) return invalid('is not a valid URL');
  const url = new URL(text);
  const authorization = toBasic(url);
  [url.username, url.password, url.hash] = ['', '', ''];
  return { kind: 'http', url, authorization };
}

/** The address without its query, for files and messages: it holds no secret then, but for those in its path. */
export function withoutQuery(address: RemoteAddress): string {
  return address.kind === 's3' ? `s3://${address.bucket}/${address.key}` : address.url.origin + address.url.pathname;
}

/** The address, where it can be stored: it has neither query nor user info. */
export function publicAddress(address: RemoteAddress): string | undefined {
  const isSecret = address.kind === 'http' && (address.url.search !== '' || address.authorization !== undefined);
  return isSecret ? undefined : withoutQuery(address);
}

/** The same of an address as it was given. */
export function publicAddressOf(url: string): string | undefined {
  const address = parseAddress(url);
  return address.kind === 'invalid' ? undefined : publicAddress(address);
}

/** The servers and buckets that remote images are on, each once. */
export function hostsOf(images: readonly { readonly url?: string }[]): string[] {
  const hosts = new Set(images.map(({ url }) => (url === undefined ? undefined : hostOf(url))));
  return [...hosts].filter((host) => host !== undefined).sort();
}

/** The server or bucket of an address, as an address: `https://example.org:8443`, `s3://bucket`. */
function hostOf(url: string): string | undefined {
  const address = parseAddress(url);
  if (address.kind === 'invalid') return undefined;
  return address.kind === 's3' ? `s3://${address.bucket}` : address.url.origin;
}

function parseS3(text: string): ReturnType<typeof parseAddress> {
  const slash = text.indexOf('/');
  const [bucket, key] = slash === -1 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)];
  if (!BUCKET.test(bucket)) return invalid('names no bucket: write s3://bucket/key');
  if (Buffer.byteLength(key) > 1024) return invalid('has a key of more than 1024 bytes');
  return { kind: 's3', bucket, key };
}

function toBasic({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const text = [username, password].map(decode).join(':');
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that encodes nothing
  }
}

function invalid(problem: string) {
  return { kind: 'invalid', problem } as const;
}
