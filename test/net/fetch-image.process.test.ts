import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fetchImage } from '../../src/net/fetch-image.js';
import type { UrlPolicy } from '../../src/net/url-policy.js';
import { startNameServer } from '../support/servers/name-server.js';
import { PHOTO, startRawServer, startWebServer } from '../support/servers/web-server.js';
import { answered, fetchFrom, never, POLICY } from './fetching.js';

describe('fetchImage', () => {
  it('sends a minimal GET for an image: no cookie, referrer, credentials, compression or fragment', async () => {
    const requests: IncomingMessage[] = [];
    using web = await startWebServer((request, response) => {
      requests.push(request);
      if (request.url === '/a?b=c%20d') response.writeHead(302, { location: '/b', 'set-cookie': 'id=1' }).end();
      else response.end(PHOTO);
    });
    const bytes = await fetchFrom(web.port, { path: '/a?b=c%20d#part' });
    expect(Buffer.compare(bytes, PHOTO)).toBe(0);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /a?b=c%20d', 'GET /b']);
    for (const { headers } of requests) {
      expect(headers).toEqual({
        host: `127.0.0.1:${web.port}`,
        connection: 'close',
        accept: 'image/*',
        'accept-encoding': 'identity',
        'user-agent': 'preannotate',
      });
    }
    expect(web.connections).toBe(2);
  });

  it.each([
    'image/png',
    'image/jpeg; charset=binary',
    'application/octet-stream',
    'binary/octet-stream',
    'text/plain',
    '',
  ])('accepts the content type %j, and leaves the bytes to the decoder', async (type) => {
    const bytes = await answered((_, response) => {
      if (type !== '') response.setHeader('content-type', type);
      response.end(PHOTO);
    });
    expect(Buffer.compare(bytes as Buffer, PHOTO)).toBe(0);
  });

  it('accepts a body as long as the limit, chunked or not, and not one byte more', async () => {
    const maxBytes = PHOTO.length;
    for (const length of [{}, { 'content-length': maxBytes }]) {
      const bytes = await answered((_, response) => void response.writeHead(200, length).end(PHOTO), { maxBytes });
      expect(Buffer.compare(bytes as Buffer, PHOTO)).toBe(0);
    }
    for (const length of [{}, { 'content-length': maxBytes + 1 }]) {
      const outcome = await answered(
        (_, response) => {
          response.writeHead(200, length);
          response.write(PHOTO);
          response.end('x');
        },
        { maxBytes },
      );
      expect(outcome).toMatchObject({ code: 'IMAGE_TOO_LARGE', message: expect.stringContaining(String(maxBytes)) });
    }
  });

  it('follows up to five redirects, including relative ones and those to another host', async () => {
    using other = await startWebServer();
    using web = await startWebServer((request, response) => {
      const step = Number(request.url!.slice(1));
      const location = step === 1 ? `http://[::1]:${other.port}/` : `${step - 1}`;
      response.writeHead([301, 302, 303, 307, 308][step % 5]!, { location }).end('moved');
    });
    const allowHosts = [`*:${web.port}`, `*:${other.port}`];
    expect(Buffer.compare(await fetchFrom(web.port, { path: '/5', allowHosts }), PHOTO)).toBe(0);
    await expect(fetchFrom(web.port, { path: '/6', allowHosts })).rejects.toMatchObject({
      code: 'URL_FETCH_FAILED',
      message: expect.stringContaining('redirected more than 5 times'),
    });
    expect(other.connections).toBe(1);
  });

  it('follows a redirect to a path with any characters, escaped or as UTF-8', async () => {
    const asked: unknown[] = [];
    const outcome = await answered((request, response) => {
      asked.push(request.url);
      const location = ['/%C3%A9', Buffer.from('/caf\u00e9/\u732b').toString('latin1')][asked.length - 1];
      if (location === undefined) response.end(PHOTO);
      else response.writeHead(301, { location }).end();
    });
    expect(asked).toEqual(['/photo.jpg', '/%C3%A9', '/caf%C3%A9/%E7%8C%AB']);
    expect(outcome).toBeInstanceOf(Uint8Array);
  });

  it('sends six requests, and no more, where redirects never end', async () => {
    let asked = 0;
    const outcome = await answered((_, response) => {
      response.writeHead(302, { location: `/${asked++}` }).end();
    });
    expect(outcome).toMatchObject({ code: 'URL_FETCH_FAILED' });
    expect(asked).toBe(6);
  });

  it('stops with the reason of its signal, before and during the fetch', async () => {
    const gone = new Error('the client left');
    using web = await startRawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf an im');
      leaving.abort(gone);
    });
    const leaving = new AbortController();
    await expect(fetchFrom(web.port, { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
    expect(web.connections).toBe(0);
    await expect(fetchFrom(web.port, { signal: leaving.signal })).rejects.toBe(gone);
    expect(web.connections).toBe(1);
  });

  it('connects to the second address of a host when the first one is closed', async () => {
    using web = await startWebServer();
    using names = await startNameServer({ 'photos.test': ['127.0.0.1', 'fd00::1:1'] });
    const policy: UrlPolicy = { ...POLICY, allowHosts: [`photos.test:${web.port}`], dnsServers: [names.address] };
    expect(Buffer.compare(await fetchImage(`http://photos.test:${web.port}/`, policy, never), PHOTO)).toBe(0);
  });
});

describe('an image server whose answer is not an image', () => {
  it.each([401, 403, 404, 410, 429, 500, 502, 503, 204, 206, 300, 304])(
    'is reported with its status %i',
    async (status) => {
      const outcome = await answered(
        (_, response) => void response.writeHead(status, { 'content-type': 'image/png' }).end(),
      );
      expect(outcome).toMatchObject({ code: 'URL_FETCH_FAILED', message: expect.stringContaining(`status ${status}`) });
    },
  );

  it('is reported with the status of a redirect without a location', async () => {
    const outcome = await answered((_, response) => void response.writeHead(302).end());
    expect(outcome).toMatchObject({ code: 'URL_FETCH_FAILED', message: expect.stringContaining('status 302') });
  });

  it.each([
    ['text/html; charset=utf-8', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['application/json', 'application/json'],
    ['application/problem+json', 'application/problem+json'],
    ['application/xml;x=\u00e9', 'application/xml'],
    ['application/xhtml+xml', 'application/xhtml+xml'],
  ])('is reported with the content type %s, and its body is not read', async (type, named) => {
    const outcome = await answered((_, response) => {
      response.setHeader('content-type', type);
      response.write('<html>'); // and never an end
    });
    expect(outcome).toMatchObject({ code: 'URL_FETCH_FAILED', message: expect.stringContaining(`with ${named}, not`) });
  });

  it('is reported as empty where it has no body', async () => {
    expect(await answered((_, response) => void response.end())).toMatchObject({
      code: 'URL_FETCH_FAILED',
      message: expect.stringContaining('an empty answer'),
    });
  });

  const compressed = gzipSync(Buffer.alloc(50e6));

  it.each(['gzip', 'deflate', 'br', 'zstd', 'identity, gzip', 'x'])(
    'is reported as compressed with %s, and not decompressed',
    async (encoding) => {
      const outcome = await answered((_, response) => {
        response.setHeader('content-encoding', encoding);
        response.end(compressed);
      });
      expect(outcome).toMatchObject({ code: 'URL_FETCH_FAILED', message: expect.stringContaining('compressed') });
    },
  );
});
