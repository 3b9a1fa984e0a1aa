import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, connection, rawAnswer, statuses, times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';
import { residentMb } from '../../support/system/process-memory.js';

const bytes = await scene('scene-01.jpg');
const HEAD = 'POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n';
const LIMIT = 25_000_000;

let server: TestServer;
beforeAll(async () => {
  const args = ['--body-limit', '25MB', '--max-bytes', '200KB', '--queue-bytes', '100MB'];
  server = await TestServer.ready({ args });
  return () => server[Symbol.asyncDispose]();
});

async function refusalOf(response: Response): Promise<[status: number, code: string]> {
  return [response.status, await codeOf(response)];
}

describe('a body', () => {
  it.each<[type: string | undefined, status: number]>([
    [undefined, 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/json; charset=utf-16', 415],
    ['application/json; charset=latin1', 415],
    ['application/xml', 415],
    ['image', 415],
    [',', 415],
    ['constructor', 415],
    ['__proto__', 415],
    ['application/json; charset="UTF-8"', 400],
    ['multipart/form-data', 400],
    ['multipart/form-data; boundary=', 400],
    ['multipart/form-data; boundary=x', 400],
    [`multipart/form-data; boundary=${'x'.repeat(100)}`, 400],
  ])('of type %j is answered %d', async (type, status) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const body = Uint8Array.from(Buffer.from('--x\r\nhello'));
    const response = await server.fetch('/predict', { method: 'POST', body, headers });
    const code = status === 415 ? 'MEDIA_TYPE_UNSUPPORTED' : 'REQUEST_MALFORMED';
    expect(await refusalOf(response)).toEqual([status, code]);
  });

  it('that is a truncated image, too large, another kind of file or empty is refused with its own code', async () => {
    const cases: [Uint8Array<ArrayBuffer>, number, string][] = [
      [bytes.slice(0, 300), 422, 'IMAGE_UNDECODABLE'],
      [new Uint8Array(250_000).fill(0xff), 413, 'IMAGE_TOO_LARGE'],
      [new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, 'IMAGE_UNSUPPORTED'],
      [new Uint8Array(0), 400, 'REQUEST_MALFORMED'],
    ];
    for (const [body, status, code] of cases) {
      expect.soft(await refusalOf(await server.post(body))).toEqual([status, code]);
    }
  });

  it('of more than --body-limit is answered 413, with a Content-Length or without one', async () => {
    const declared = await server.post(new Uint8Array(LIMIT + 1));
    const piece = new Uint8Array(1_000_000);
    const stream = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent <= LIMIT; sent += piece.length) controller.enqueue(piece);
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, duplex: 'half' as const, headers: { 'content-type': 'image/jpeg' } };
    const chunked = await server.fetch('/predict', init);
    for (const response of [declared, chunked]) expect(await refusalOf(response)).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('is never read beyond its Content-Length', async () => {
    const longer = `${HEAD}Content-Length: 1024\r\n\r\n${'\xff'.repeat(30_000)}`;
    const answer = await rawAnswer(server.url, Buffer.from(longer, 'latin1'));
    expect(answer).toMatch(/HTTP\/1\.1 4\d\d /);
    expect(answer).not.toMatch(/HTTP\/1\.1 [^4]/);
    expect(await statuses([server.post(bytes)])).toEqual([200]);
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('compressed with gzip is read, and refused where it is too large, damaged or not gzip', async () => {
    const json = JSON.stringify({ image_base64: base64(bytes) });
    const send = (body: string | Uint8Array<ArrayBuffer>, coding = 'gzip') => {
      const headers = { 'content-type': 'application/json', 'content-encoding': coding };
      return server.fetch('/predict', { method: 'POST', body, headers });
    };
    expect((await send(Uint8Array.from(gzipSync(json)))).status).toBe(200);
    const bomb = Uint8Array.from(gzipSync(Buffer.alloc(2 * LIMIT)));
    expect(await refusalOf(await send(bomb))).toEqual([413, 'BODY_TOO_LARGE']);
    for (const damaged of [json, Uint8Array.from(gzipSync(json).subarray(0, 500))]) {
      expect(await refusalOf(await send(damaged))).toEqual([400, 'REQUEST_MALFORMED']);
    }
    expect(await server.metric('queue_bytes')).toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('the memory of the server (needs /proc)', () => {
  it('does not grow with the number of chunks of a body, or with bytes that are only announced', async () => {
    const pid = server.running.child.pid!;
    const padded = Buffer.concat([bytes, Buffer.alloc(65_536 - bytes.length)]);
    const tiny = Buffer.concat([...padded].map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10])));
    const head = Buffer.from(`${HEAD}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`);
    const inPieces = Buffer.concat([head, tiny, Buffer.from('0\r\n\r\n')]);
    expect(await rawAnswer(server.url, inPieces)).toMatch(/^HTTP\/1\.1 200 /);
    const before = residentMb(pid);
    const unfinished = times(8, () => connection(server.url));
    for (const socket of unfinished) socket.write(inPieces.subarray(0, -5)); // all of it but the end
    await server.until(async () => (await server.metric('queue_bytes')) === 8 * 65_536);
    expect(residentMb(pid) - before).toBeLessThan(30);

    const announcing = times(200, () => connection(server.url));
    for (const socket of announcing) socket.write(`${HEAD}Content-Length: 20000000\r\n\r\nx`);
    await server.until(async () => (await server.metric('requests_in_progress')) === 209);
    expect((await server.post(bytes)).status).toBe(200);
    expect(residentMb(pid) - before).toBeLessThan(40);
    for (const socket of [...unfinished, ...announcing]) socket.destroy();
    await server.until(async () => (await server.metric('queue_bytes')) === 0);
  });
});
