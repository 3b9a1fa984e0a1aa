import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startWebServer } from '../support/servers/web-server.js';
import { fetchFrom, spoken } from './fetching.js';

describe('an image server that misbehaves', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\n';

  it('by sending a body without end costs the limit and no more', async () => {
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

  it('by announcing 4 GB or more is refused before the body', async () => {
    for (const length of ['4294967296', '4294967297', '9007199254740993']) {
      const outcome = await spoken((socket) => void socket.write(`${HEAD}content-length: ${length}\r\n\r\n`));
      expect(outcome).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    }
  });

  it.each<[string, string]>([
    ['fewer bytes than the length', `${HEAD}content-length: 100\r\n\r\nshort`],
    ['a chunk that is cut off', `${HEAD}transfer-encoding: chunked\r\n\r\nff\r\nshort`],
    ['chunks without the last', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nshort\r\n`],
    ['nothing', ''],
    ['half a status line', 'HTTP/1.1 2'],
    ['headers without end', HEAD],
    ['SSH instead of HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTTP/0.9', '<html>'],
    ['a length that is not a number', `${HEAD}content-length: many\r\n\r\nimage`],
    ['a negative length', `${HEAD}content-length: -5\r\n\r\nimage`],
    ['a length of 40 digits', `${HEAD}content-length: ${'9'.repeat(40)}\r\n\r\nimage`],
    ['two lengths', `${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nimage`],
    ['a length and chunks', `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nimage`],
    ['chunks without a size', `${HEAD}transfer-encoding: chunked\r\n\r\nxyz\r\nimage`],
    ['chunks with a size of 30 digits', `${HEAD}transfer-encoding: chunked\r\n\r\n${'f'.repeat(30)}\r\nimage`],
    ['endless headers', `${HEAD}${'x: y\r\n'.repeat(10_000)}\r\nimage`],
    ['one large header', `${HEAD}x: ${'y'.repeat(100_000)}\r\n\r\nimage`],
    ['a protocol change', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('by sending %s and closing the connection fails with URL_FETCH_FAILED', async (_what, text) => {
    expect(await spoken((socket) => void socket.end(text))).toMatchObject({
      code: 'URL_FETCH_FAILED',
      hint: expect.stringMatching(/\w/),
    });
  });

  it('by resetting the connection fails with URL_FETCH_FAILED', async () => {
    expect(await spoken((socket) => void socket.resetAndDestroy())).toMatchObject({ code: 'URL_FETCH_FAILED' });
    const later = (socket: Socket) =>
      void socket.write(`${HEAD}content-length: 9\r\n\r\nhalf`, () => socket.resetAndDestroy());
    expect(await spoken(later)).toMatchObject({ code: 'URL_FETCH_FAILED' });
  });

  it('by sending more than the length is read up to the length', async () => {
    const bytes = await spoken((socket) => void socket.write(`${HEAD}content-length: 5\r\n\r\nimage and more`));
    expect(Buffer.from(bytes as Uint8Array).toString()).toBe('image');
  });

  it.each<[string, (socket: Socket) => void]>([
    ['never answers', () => {}],
    ['stops within the headers', (socket) => void socket.write(HEAD)],
    ['stops within the body', (socket) => void socket.write(`${HEAD}content-length: 100\r\n\r\nhalf`)],
    ['sends its headers byte by byte', (socket) => void socket.write(HEAD, () => drip(socket, 'x'))],
    ['sends its body byte by byte', (socket) => void socket.write(`${HEAD}\r\n`, () => drip(socket, 'x'))],
    ['sends early hints indefinitely', (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')],
    [
      'redirects again and again, slowly',
      (socket) => void setTimeout(() => socket.end('HTTP/1.1 302 F\r\nlocation: /\r\n\r\n'), 300),
    ],
  ])('and %s fails with URL_TIMEOUT at the timeout', async (_what, speak) => {
    expect(await spoken(speak)).toMatchObject({ code: 'URL_TIMEOUT', hint: expect.stringMatching(/\w/) });
  });

  it('by not listening fails with a message that does not reveal what its port is', async () => {
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
