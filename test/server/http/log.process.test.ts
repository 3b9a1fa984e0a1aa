import { beforeAll, describe, expect, it } from 'vitest';
import { statuses, times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);
const KEY = 'a-key-of-sixteen-letters';

/** Events of the log; fails where a line is not one. */
function logOf(server: TestServer): Record<string, unknown>[] {
  const lines = server.running.stderr.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: ['--log-level', 'debug'], env: { PREANNOTATE_API_KEYS: KEY } });
    return () => server[Symbol.asyncDispose]();
  });

  const withKey = (headers: Record<string, string> = {}) => ({ 'x-api-key': KEY, ...headers });

  function send(type: string, body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) {
    const headers = withKey({ 'content-type': type, ...more });
    return server.fetch('/predict', { method: 'POST', body, headers });
  }

  it('has one line of JSON for each request, with its id, and nothing that the client wrote', async () => {
    await server.post(bytes, { query: '?score_threshold=0.123', headers: withKey({ 'x-request-id': 'log-1' }) });
    await server.until(() => server.running.stderr.includes('log-1'));
    const line = logOf(server).find((one) => one['request_id'] === 'log-1');
    expect(line).toMatchObject({ method: 'POST', route: '/predict', status: 200 });
    expect(server.running.stderr).not.toContain('0.123');
  });

  it('and the metrics cannot be written into by names, headers, bodies or addresses of a request', async () => {
    const evil = 'x\u001b[31m"\n{"level":60}';
    const labels = async () => {
      const text = await (await server.fetch('/metrics', { headers: withKey() })).text();
      return text
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .map((line) => line.split(' ')[0]);
    };
    const known = new Set(await labels());
    const form = new FormData();
    form.append('image', new Blob([bytes]), evil);
    const ontology = { 'a photo of a cup': evil };
    const answers = await statuses([
      server.fetch(`/${encodeURIComponent(evil)}?${encodeURIComponent(evil)}`, { headers: withKey() }),
      server.fetch('/predict', { method: 'POST', body: form, headers: withKey() }),
      send('application/json', JSON.stringify({ image_base64, ontology })),
      send('application/json', JSON.stringify({ [evil]: 1 })),
      send('image/jpeg', bytes, { 'x-request-id': 'a"b{c}' }),
      send(`image/x"y`, bytes),
      server.fetch('/info', { headers: { 'x-api-key': '"}\\' } }),
      ...times(300, (i) => server.fetch(`/name-${i}/${'x'.repeat(i)}`, { headers: withKey() })),
    ]);
    expect(answers.filter((status) => status >= 500)).toEqual([]);
    const anEvent = { level: expect.any(Number), msg: expect.any(String) };
    for (const event of logOf(server)) expect(event).toMatchObject(anEvent);
    expect(server.running.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]|name-1/);
    const added = (await labels()).filter((label) => !known.has(label));
    expect(added.join('\n')).not.toMatch(/name-|31m|level/);
    expect(added.length).toBeLessThan(200); // routes and stages that had not been asked for before
  });
});
