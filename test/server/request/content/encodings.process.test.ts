import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { ProblemAnswer } from '../../../../src/config/predict-schema.js';
import { base64, scene, TestServer } from '../../../support/server.js';

const bytes = await scene('scene-01.jpg');
const json = Buffer.from(JSON.stringify({ image_base64: base64(bytes) }));
const LIMIT = 2_000_000;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--body-limit', String(LIMIT)] });
  return () => server[Symbol.asyncDispose]();
});

function send(body: Buffer, encoding: string, path = '/predict'): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
  return server.fetch(path, { method: 'POST', body: Uint8Array.from(body), headers });
}

async function problemOf(response: Response) {
  return ProblemAnswer.parse(await response.json());
}

/** As many times as large as the limit, and about a thousandth of that when it is compressed. */
const BOMB = Buffer.alloc(50 * LIMIT);

describe('a compressed body', () => {
  it.each<[encoding: string, compress: (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['deflate', (body) => deflateSync(body, { level: 0 })],
    ['deflate', (body) => deflateRawSync(body, { level: 0 })],
    ['Deflate', (body) => deflateSync(body, { level: 9, windowBits: 9 })],
    ['identity', (body) => body],
  ])('with Content-Encoding %s is read', async (encoding, compress) => {
    const response = await send(compress(json), encoding);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ width: 320, height: 240 });
  });

  it.each<[encoding: string, compress: (body: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ])('of %s that expands beyond --body-limit is answered 413, and holds nothing afterwards', async (encoding, pack) => {
    const packed = pack(BOMB);
    expect(packed.length).toBeLessThan(LIMIT / 10);
    const { status, code, detail } = await problemOf(await send(packed, encoding));
    expect([status, code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(detail).toBe(`The body has more than the ${LIMIT} bytes allowed once expanded.`);
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it.each<[what: string, encoding: string, body: Buffer]>([
    ['that is cut off', 'deflate', deflateSync(json).subarray(0, 500)],
    ['that is cut off', 'deflate', deflateRawSync(json).subarray(0, 500)],
    ['that is cut off', 'gzip', gzipSync(json).subarray(0, 500)],
    ['that is not compressed', 'deflate', json],
    ['that is not compressed', 'gzip', json],
    ['of another format', 'deflate', gzipSync(json)],
    ['of another format', 'gzip', deflateSync(json)],
    ['with a wrong checksum', 'deflate', withLastByteChanged(deflateSync(json))],
  ])('%s, with Content-Encoding %s, is answered 400', async (_what, encoding, body) => {
    const { status, code, detail } = await problemOf(await send(body, encoding));
    expect([status, code]).toEqual([400, 'REQUEST_MALFORMED']);
    expect(detail).toContain(`Content-Encoding, ${encoding},`);
  });

  it.each<[encoding: string, body: Buffer]>([
    ['br', brotliCompressSync(json)],
    ['zstd', json],
    ['gzip, deflate', deflateSync(gzipSync(json))],
    ['compress', json],
    ['constructor', json],
  ])('with Content-Encoding %s is answered 415 with what to send instead', async (encoding, body) => {
    const response = await send(body, encoding);
    expect(response.headers.get('accept-encoding')).toBe('gzip, deflate');
    const { status, detail } = await problemOf(response);
    expect(status).toBe(415);
    expect(detail).toContain(
      `Content-Encoding "${encoding}" is not supported; compress the body once, by gzip or deflate`,
    );
  });

  it('is read by the protocols of other programs too', async () => {
    const inputs = [{ name: 'image', shape: [1], datatype: 'BYTES', data: [base64(bytes)] }];
    const infer = deflateSync(JSON.stringify({ inputs }));
    expect((await send(infer, 'deflate', '/v2/models/preannotate/infer')).status).toBe(200);
    const invoke = deflateSync(JSON.stringify({ image: base64(bytes) }));
    expect((await send(invoke, 'deflate', '/')).status).toBe(200);
  });
});

function withLastByteChanged(body: Buffer): Buffer {
  body[body.length - 1]! ^= 1;
  return body;
}
