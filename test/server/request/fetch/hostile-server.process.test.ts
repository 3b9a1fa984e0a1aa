import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startWebServer } from '../../../support/servers/web-server.js';
import { fetchFrom, spoken } from './fetching.js';

describe('a server that misbehaves', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\n';

  it('a body without end costs the limit and no more', async () => {
    let written = 0;
    const endless = (socket: Socket) => {
      socket.write(`${HEAD}\r\n`);
      const piece = Buffer.alloc(65_536);
      const more = () => {
        do written += piece.length;
        while (socket.write(piece));
      };
      socket.on('drain', more);
      more();
    };
    expect(await spoken(endless, { maxBytes: 1e6, timeoutMs: 10_000 })).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect(written).toBeLessThan(20e6); // the limit and what lies in the sockets of both sides
  });

  it('a length of 4 GB and more is refused before the body', async () => {
    for (const length of ['4294967296', '4294967297', '9007199254740993']) {
      const outcome = await spoken((socket) => void socket.write(`${HEAD}content-length: ${length}\r\n\r\n`));
      expect(outcome).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    }
  });

  it.each<[string, string]>([
    ['less than the length', `${HEAD}content-length: 100\r\n\r\nshort`],
    ['a chunk that breaks off', `${HEAD}transfer-encoding: chunked\r\n\r\nff\r\nshort`],
    ['chunks without the last', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nshort\r\n`],
    ['nothing', ''],
    ['half a status line', 'HTTP/1.1 2'],
    ['headers without end', HEAD],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/0.9', '<html>'],
    ['a length that is none', `${HEAD}content-length: many\r\n\r\nimage`],
    ['a negative length', `${HEAD}content-length: -5\r\n\r\nimage`],
    ['a length beyond all numbers', `${HEAD}content-length: ${'9'.repeat(40)}\r\n\r\nimage`],
    ['two lengths', `${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nimage`],
    ['a length and chunks', `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nimage`],
    ['chunks of no size', `${HEAD}transfer-encoding: chunked\r\n\r\nxyz\r\nimage`],
    ['chunks of any size', `${HEAD}transfer-encoding: chunked\r\n\r\n${'f'.repeat(30)}\r\nimage`],
    ['endless headers', `${HEAD}${'x: y\r\n'.repeat(10_000)}\r\nimage`],
    ['one large header', `${HEAD}x: ${'y'.repeat(100_000)}\r\n\r\nimage`],
    ['a protocol change', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('%s, then the end of the connection, is a failure to fetch', async (_what, text) => {
    expect(await spoken((socket) => void socket.end(text))).toMatchObject({
      code: 'URL_FETCH_FAILED',
      hint: expect.stringMatching(/\w/),
    });
  });

  it('a reset connection is a failure to fetch', async () => {
    expect(await spoken((socket) => void socket.resetAndDestroy())).toMatchObject({ code: 'URL_FETCH_FAILED' });
    const later = (socket: Socket) =>
      void socket.write(`${HEAD}content-length: 9\r\n\r\nhalf`, () => socket.resetAndDestroy());
    expect(await spoken(later)).toMatchObject({ code: 'URL_FETCH_FAILED' });
  });

  it('more than the length is left where it is', async () => {
    const bytes = await spoken((socket) => void socket.write(`${HEAD}content-length: 5\r\n\r\nimage and more`));
    expect(Buffer.from(bytes as Uint8Array).toString()).toBe('image');
  });

  it.each<[string, (socket: Socket) => void]>([
    ['that never answers', () => {}],
    ['that stops within the headers', (socket) => void socket.write(HEAD)],
    ['that stops within the body', (socket) => void socket.write(`${HEAD}content-length: 100\r\n\r\nhalf`)],
    ['whose headers drip', (socket) => void socket.write(HEAD, () => drip(socket, 'x'))],
    ['whose body drips', (socket) => void socket.write(`${HEAD}\r\n`, () => drip(socket, 'x'))],
    ['that gives hints for ever', (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')],
    [
      'that redirects ever more slowly',
      (socket) => void setTimeout(() => socket.end('HTTP/1.1 302 F\r\nlocation: /\r\n\r\n'), 300),
    ],
  ])('one %s is given up when the time is over', async (_what, speak) => {
    expect(await spoken(speak)).toMatchObject({ code: 'URL_TIMEOUT', hint: expect.stringMatching(/\w/) });
  });

  it('a closed port is a failure to fetch that does not say what is there', async () => {
    const { port } = await (async () => {
      using web = await startWebServer();
      return { port: web.port };
    })();
    await expect(fetchFrom(port)).rejects.toMatchObject({
      code: 'URL_FETCH_FAILED',
      message: 'image_url could not be fetched: its host does not accept connections.',
    });
  });
});

function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), 100);
  socket.once('close', () => clearInterval(timer));
}
