import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { etagOf, type Fault } from './image-server.js';
import { startWebServer } from './web-server.js';

export const S3_KEYS = { id: 'AKIATEST', secret: 'wJalrXUtnFEMI/K7MDENG' };

/** The environment in which a command reaches such a server, and nothing else of the machine. */
export const S3_ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: S3_KEYS.id,
  AWS_SECRET_ACCESS_KEY: S3_KEYS.secret,
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
  AWS_REGION: '',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

interface S3Options {
  readonly pageSize?: number;
  readonly isPublic?: boolean; // requests need not be signed
  readonly isUnsorted?: boolean; // keys are listed in another order, as by directory buckets
}

/** Buckets in memory behind the protocol of S3, as far as it is used here, path style. */
export async function startS3Server(options: S3Options = {}) {
  const { pageSize = 1000, isPublic = false, isUnsorted = false } = options;
  const buckets = new Map<string, Map<string, Buffer>>();
  const faults = new Map<string, Fault>(); // by key, and `?list`
  const requests = new Map<string, number>();
  const web = await startWebServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, 'http://host');
    const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
    const name = url.searchParams.get('list-type') === '2' ? '?list' : decodeURIComponent(key);
    const attempt = (requests.get(name) ?? 0) + 1;
    requests.set(name, attempt);
    if (await faults.get(name)?.(request, response, attempt)) return;
    const objects = buckets.get(bucket);
    const bytes = objects?.get(name);
    if (!isPublic && !isSigned(request, url)) sendError(response, 403, 'AccessDenied');
    else if (objects === undefined) sendError(response, 404, 'NoSuchBucket');
    else if (name === '?list')
      sendXml(response, 200, listing(sortKeys(objects, isUnsorted), url.searchParams, pageSize));
    else if (bytes === undefined) sendError(response, 404, 'NoSuchKey');
    else sendObject(response, bytes);
  }

  return {
    endpoint: `http://127.0.0.1:${web.port}`,
    buckets,
    faults,
    requests,
    [Symbol.dispose]: () => web[Symbol.dispose](),
  };
}

function sendObject(response: ServerResponse, bytes: Buffer): void {
  const headers = { etag: etagOf(bytes), 'content-length': bytes.length, 'content-type': 'binary/octet-stream' };
  response.writeHead(200, { ...headers, 'last-modified': 'Tue, 02 Jan 2024 00:00:00 GMT' }).end(bytes);
}

/** Answers with an error as S3 does. */
export function sendError(response: ServerResponse, status: number, code: string): void {
  sendXml(response, status, `<Error><Code>${code}</Code><Message>${code} for you</Message></Error>`);
}

function sendXml(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0" encoding="UTF-8"?>${xml}`);
}

function sortKeys(objects: ReadonlyMap<string, Buffer>, isUnsorted: boolean): ReadonlyMap<string, Buffer> {
  const sorted = [...objects].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(isUnsorted ? sorted.reverse() : sorted);
}

function listing(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams, pageSize: number): string {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter');
  const after = query.get('continuation-token');
  const size = Math.min(pageSize, Number(query.get('max-keys') ?? pageSize));
  const all = [...objects.keys()].filter((key) => key.startsWith(prefix));
  const flat = delimiter === null ? all : all.filter((key) => !key.slice(prefix.length).includes(delimiter));
  const left = after === null ? flat : flat.slice(flat.indexOf(Buffer.from(after, 'base64').toString()) + 1);
  const page = left.slice(0, size);
  const isTruncated = left.length > page.length;
  const next = Buffer.from(page.at(-1) ?? '').toString('base64');
  const contents = page.map((key) => {
    const bytes = objects.get(key)!;
    const etag = etagOf(bytes).replaceAll('"', '&quot;');
    return `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${bytes.length}</Size><ETag>${etag}</ETag></Contents>`;
  });
  return (
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>` +
    `<IsTruncated>${isTruncated}</IsTruncated>` +
    (isTruncated ? `<NextContinuationToken>${next}</NextContinuationToken>` : '') +
    `${contents.join('')}</ListBucketResult>`
  );
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/;

/**
 * Checks the signature of a request, version 4.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
function isSigned({ method, headers }: IncomingMessage, url: URL): boolean {
  const match = AUTHORIZATION.exec(headers.authorization ?? '');
  if (match === null) return false;
  const [, id, day, region, signed, signature] = match as unknown as string[];
  const toHex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  const encode = (text: string) => encodeURIComponent(text).replaceAll(/[!'()*]/g, toHex);
  const query = [...url.searchParams]
    .map((pair) => pair.map(encode).join('='))
    .sort()
    .join('&');
  const lines = signed!.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const hashOfBody = String(headers['x-amz-content-sha256']);
  const canonical = [method, url.pathname, query, lines.join(''), signed, hashOfBody].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash].join('\n');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = [region!, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${S3_KEYS.secret}`, day!));
  return id === S3_KEYS.id && hmac(key, text).toString('hex') === signature;
}
