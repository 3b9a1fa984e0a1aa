import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const ORIGIN = 'https://tool.example';

describe('the headers of an answer', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: ['--cors-origin', ORIGIN, '--cors-origin', 'https://other.example'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('hold the X-Request-Id of the request, or a new one where it has none that can be used', async () => {
    const id = randomUUID();
    for (const path of ['/livez', '/nothing', '/info']) {
      expect((await server.fetch(path, { headers: { 'x-request-id': id } })).headers.get('x-request-id')).toBe(id);
      expect((await server.fetch(path)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
    const { headers } = await server.post(bytes, { headers: { 'x-request-id': 'id with spaces\t"' } });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('hold the time of each stage, and keep browsers from running or guessing anything', async () => {
    const { headers } = await server.post(bytes);
    expect(headers.get('server-timing')).toMatch(/^receive;dur=[\d.]+.*queue;dur=.*decode;dur=.*infer;dur=.*post;dur=/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('allow the origins of --cors-origin, and no others', async () => {
    const preflight = await server.fetch('/predict', {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN]);
    const foreign = await server.fetch('/livez', { headers: { origin: 'https://evil.example' } });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('name both origin and compression in Vary where the answer depends on both', async () => {
    const response = await server.fetch('/openapi.json', { headers: { origin: ORIGIN } });
    expect(response.headers.get('vary')?.toLowerCase().split(', ').sort()).toEqual(['accept-encoding', 'origin']);
  });
});

describe('compression', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.listening();
    return () => server[Symbol.asyncDispose]();
  });

  it('is used for answers that are worth it, as the client prefers it, and changes nothing in them', async () => {
    const codingOf = async (accepted: string, path = '/openapi.json') => {
      const { headers } = await server.fetch(path, { headers: { 'accept-encoding': accepted } });
      return [headers.get('content-encoding'), headers.get('vary')];
    };
    const vary = 'accept-encoding';
    expect(await codingOf('gzip')).toEqual(['gzip', vary]);
    expect(await codingOf('gzip;q=0.5, br')).toEqual(['br', vary]);
    expect(await codingOf('gzip;q=0, br;q=0.0, *;q=0')).toEqual([null, vary]);
    expect(await codingOf('identity')).toEqual([null, vary]);
    expect(await codingOf('gzip', '/livez')).toEqual([null, null]); // a few bytes
    const read = async (coding: string) =>
      (await server.fetch('/openapi.json', { headers: { 'accept-encoding': coding } })).text();
    const plain = await read('identity');
    expect(await Promise.all(['gzip', 'br'].map(read))).toEqual([plain, plain]);
  });
});
