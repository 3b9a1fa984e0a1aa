import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { PreannotateError } from '../../../src/core/errors.js';
import type { FetchSettings } from '../../../src/images/remote/fetch-settings.js';
import { RemoteImages } from '../../../src/images/remote/remote-images.js';
import { FETCH } from '../../support/job.js';
import { etagOf, sendImage, startImageServer, type Fault } from '../../support/servers/image-server.js';

const SMALL = Buffer.alloc(5000, 'a');
const OTHER = Buffer.alloc(6000, 'b');
const never = new AbortController().signal;

interface Outcome {
  readonly bytes?: Buffer;
  readonly etag?: string | undefined;
  readonly code?: string;
  readonly text?: string;
  readonly attempts: number;
  readonly ms: number;
}

/** Fetches a path from a server of this machine that answers like this. */
async function fetchFrom(fault: Fault, changed: Partial<FetchSettings> = {}): Promise<Outcome> {
  using server = await startImageServer({ '/a.jpg': fault });
  await using images = new RemoteImages({ ...FETCH, allowPrivate: true, timeoutMs: 500, ...changed });
  const started = performance.now();
  try {
    using fetched = await images.fetch({ name: 'host/a.jpg', url: `${server.origin}/a.jpg?token=secret` }, never);
    const bytes = Buffer.from(fetched.bytes);
    return { bytes, etag: fetched.etag, ...countOf(server, started) };
  } catch (error) {
    const { code, message, hint } = error as PreannotateError;
    return { code, text: `${message} ${hint}`, ...countOf(server, started) };
  }
}

function countOf(server: { requests: ReadonlyMap<string, number> }, started: number) {
  return { attempts: server.requests.get('/a.jpg') ?? 0, ms: performance.now() - started };
}

/** Answers the first attempts otherwise, then with the image. */
function first(attempts: number, answer: (response: ServerResponse) => void): Fault {
  return (_, response, attempt) => {
    if (attempt <= attempts) answer(response);
    else sendImage(response, SMALL);
    return true;
  };
}

/** Always answers like this. */
function always(answer: (response: ServerResponse) => void): Fault {
  return first(Infinity, answer);
}

function cut(response: ServerResponse, bytes: Buffer): void {
  response.writeHead(200, { 'content-length': bytes.length, etag: etagOf(bytes) });
  response.write(bytes.subarray(0, 2000), () => response.destroy());
}

const GOOD = { bytes: SMALL, etag: etagOf(SMALL) };

describe('an image of a web server', () => {
  it('is refused where it redirects to a host that a worker may not fetch from', async () => {
    const leads = always((response) => response.writeHead(302, { location: 'http://elsewhere.test/' }).end());
    const failed = await fetchFrom(leads, { allowHosts: ['127.0.0.1'] });
    const text = expect.stringMatching(/it redirects to a host that is not among .* --allow-host/) as string;
    expect(failed).toMatchObject({ code: 'URL_REFUSED', text });
  });

  it.each<[string, Fault]>([
    ['500', first(1, (response) => response.writeHead(500).end())],
    ['429', first(1, (response) => response.writeHead(429).end())],
    ['a connection that is closed', first(1, (response) => response.destroy())],
    ['a body that is cut', first(1, (response) => cut(response, SMALL))],
    ['chunks that are cut', first(1, (response) => response.write(SMALL, () => response.destroy()))],
    ['silence', first(1, () => {})],
    ['a body that stops', first(1, (response) => response.writeHead(200, { 'content-length': 5000 }).write('a'))],
    ['a body that drips', first(1, drip)],
  ])('is fetched again after %s', async (_, fault) => {
    expect(await fetchFrom(fault)).toMatchObject({ ...GOOD, attempts: 2 });
  });

  it('is fetched again when its server says, and not before', async () => {
    const busy = first(1, (response) => response.writeHead(503, { 'retry-after': '2' }).end());
    const { ms, ...rest } = await fetchFrom(busy);
    expect(rest).toMatchObject({ ...GOOD, attempts: 2 });
    expect(ms).toBeGreaterThan(1990);
    const later = new Date(Date.now() + 3_600_000).toUTCString();
    const closed = await fetchFrom(always((response) => response.writeHead(503, { 'retry-after': later }).end()));
    expect(closed).toMatchObject({ code: 'URL_FETCH_FAILED', attempts: 1 });
  });

  it('is never mixed of two versions, and has the ETag of its own bytes', async () => {
    const changes: Fault = (_, response, attempt) => {
      if (attempt === 1) cut(response, SMALL);
      else sendImage(response, OTHER);
      return true;
    };
    expect(await fetchFrom(changes)).toMatchObject({ bytes: OTHER, etag: etagOf(OTHER), attempts: 2 });
  });

  it.each<[string, RegExp, Fault]>([
    ['URL_FETCH_FAILED', /status 404.*correct the address/, always((response) => response.writeHead(404).end())],
    ['URL_FETCH_FAILED', /status 410/, always((response) => response.writeHead(410).end())],
    ['URL_FETCH_FAILED', /status 403.*may have expired/, always((response) => response.writeHead(403).end())],
    ['URL_FETCH_FAILED', /status 401.*user:password@/, always((response) => response.writeHead(401).end())],
    [
      'URL_FETCH_FAILED',
      /answered with text\/html, not with an image/,
      always((response) => response.setHeader('content-type', 'text/html').end('<h1>Sign in</h1>')),
    ],
    ['URL_FETCH_FAILED', /empty answer/, always((response) => response.end())],
    ['URL_FETCH_FAILED', /compressed/, always((response) => response.setHeader('content-encoding', 'gzip').end(SMALL))],
    [
      'URL_REFUSED',
      /^(?!.*--allow-private).*never connected to/,
      always((response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end()),
    ],
    [
      'URL_REFUSED',
      /never connected to/,
      always((response) => response.writeHead(302, { location: 'http://[::ffff:127.0.0.1]/' }).end()),
    ],
    [
      'URL_REFUSED',
      /it redirects to an address that is not safe/,
      always((response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()),
    ],
    [
      'URL_REFUSED',
      /it redirects to an address that is not safe/,
      always((response) => response.writeHead(302, { location: 'http://user:secret@127.0.0.1/' }).end()),
    ],
    [
      'URL_FETCH_FAILED',
      /redirected more than/,
      always((response) => response.writeHead(302, { location: '/a.jpg' }).end()),
    ],
    ['IMAGE_TOO_LARGE', /more than the 100000 bytes/, always((response) => endless(response))],
    [
      'IMAGE_TOO_LARGE',
      /--max-bytes/,
      always((response) => response.writeHead(200, { 'content-length': 100_001 }).write('a')),
    ],
  ])('fails with %s and %s at once', async (code, text, fault) => {
    const failed = await fetchFrom(fault, { maxBytes: 100_000 });
    expect(failed).toMatchObject({ code, attempts: text.source.includes('redirected') ? 6 : 1 });
    expect(failed.text).toMatch(text);
    expect(failed.text).toMatch(/^host\/a\.jpg could not be fetched: /);
    expect(failed.text).not.toContain('secret');
    expect(failed.ms).toBeLessThan(5000);
  });

  it('is given up after five attempts', async () => {
    const slow = { timeoutMs: 200 };
    const failures = await Promise.all([
      fetchFrom(always((response) => response.writeHead(503).end())),
      fetchFrom(
        always(() => {}),
        slow,
      ),
      fetchFrom(always(drip), slow),
      fetchFrom(always((response) => cut(response, SMALL))),
    ]);
    expect(failures.map(({ attempts }) => attempts)).toEqual([5, 5, 5, 5]);
    const codes = ['URL_FETCH_FAILED', 'URL_TIMEOUT', 'URL_TIMEOUT', 'URL_FETCH_FAILED'];
    expect(failures.map(({ code }) => code)).toEqual(codes);
    expect(failures[3].text).toContain('ended before the whole answer was sent');
  });

  it('of unknown size is read as a whole', async () => {
    const large = Buffer.alloc(20_000_000, 'c');
    const { bytes } = await fetchFrom(
      always((response) => response.end(large)),
      { timeoutMs: 20_000 },
    );
    expect(bytes?.equals(large)).toBe(true);
  });
});

it('a server gets no more requests at once than are allowed, over as many connections', async () => {
  let [open, most] = [0, 0];
  const counted: Fault = (_, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      sendImage(response, SMALL);
    }, 20);
    return true;
  };
  using server = await startImageServer({ '/a.jpg': counted });
  await using images = new RemoteImages({ ...FETCH, allowPrivate: true, perHost: 3 });
  const fetches = Array.from({ length: 30 }, async () => {
    using fetched = await images.fetch({ name: 'a', url: `${server.origin}/a.jpg` }, never);
    return fetched.bytes.length;
  });
  expect(new Set(await Promise.all(fetches))).toEqual(new Set([SMALL.length]));
  expect(most).toBe(3);
  expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(3);
});

it('credentials go to the server of the address, and not where it redirects to', async () => {
  using other = await startImageServer();
  using server = await startImageServer({
    '/a.jpg': always((response) => response.writeHead(302, { location: `${other.origin}/scene-01.jpg` }).end()),
  });
  await using images = new RemoteImages({ ...FETCH, allowPrivate: true });
  const url = `${server.origin.replace('://', '://me:p%40ss@')}/a.jpg`;
  using _ = await images.fetch({ name: 'a', url }, never);
  expect(server.seen[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  expect(other.seen[0]!.headers.authorization).toBeUndefined();
});

it('the signal of the caller ends everything that is being fetched', async () => {
  using server = await startImageServer({ '/a.jpg': always(() => {}) });
  await using images = new RemoteImages({ ...FETCH, allowPrivate: true });
  const stop = new AbortController();
  const fetches = Array.from({ length: 20 }, () =>
    images.fetch({ name: 'a', url: `${server.origin}/a.jpg` }, stop.signal),
  );
  setTimeout(() => stop.abort(new Error('stopped')), 100);
  const outcomes = await Promise.allSettled(fetches);
  expect(new Set(outcomes.map((outcome) => outcome.status === 'rejected' && String(outcome.reason)))).toEqual(
    new Set(['Error: stopped']),
  );
});

/** A byte now and then. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': SMALL.length });
  const timer = setInterval(() => response.write('a'), 50);
  response.on('close', () => clearInterval(timer));
}

function endless(response: ServerResponse): void {
  const write = () => {
    while (!response.destroyed && response.write(SMALL)) continue;
    if (!response.destroyed) response.once('drain', write);
  };
  write();
}
