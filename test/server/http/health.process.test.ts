import { beforeAll, describe, expect, it } from 'vitest';
import { rawAnswer, statuses, times } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');

async function healthOf(server: TestServer): Promise<string> {
  const response = await server.fetch('/health');
  return `${response.status} ${await response.text()}`;
}

describe('the health of a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = new TestServer({ slowMs: 50 });
    await server.until(() => server.running.stderr.includes('listening at'));
    return () => server[Symbol.asyncDispose]();
  });

  it('is "not ready" until the model is open, and then "ok", also under load', async () => {
    const seen = new Set<string>();
    await server.until(async () => {
      seen.add(await healthOf(server));
      return seen.has('200 ok');
    });
    expect([...seen].filter((answer) => answer !== '503 not ready')).toEqual(['200 ok']);
    await server.until(() => server.running.stdout !== '');
    expect(server.running.stdout).toBe(`preannotate serves builtin:emoji at ${server.url}\n`);
    const pending = times(12, () => server.post(bytes));
    for (let i = 0; i < 5; i++) expect(await healthOf(server)).toBe('200 ok');
    expect(await statuses(pending)).toEqual(times(12, () => 200));
    expect(await healthOf(server)).toBe('200 ok');
    expect((await server.fetch('/readyz')).status).toBe(200);
  });

  it('and all other GET addresses answer HEAD too, without a body', async () => {
    await server.until(async () => (await server.fetch('/readyz')).status === 200);
    for (const path of ['/livez', '/readyz', '/ready', '/startupz', '/health', '/info', '/metrics', '/docs']) {
      const answer = await rawAnswer(
        server.url,
        `HEAD ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect.soft(answer, path).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    }
  });
});

it('--health-path moves the health to another address, which needs no API key', async () => {
  const KEY = 'a-key-of-sixteen-letters';
  const env = { PREANNOTATE_API_KEYS: KEY };
  await using server = await TestServer.ready({ args: ['--health-path', '/up/now'], env });
  expect(await (await server.fetch('/up/now')).text()).toBe('ok');
  expect((await server.fetch('/up/now', { method: 'HEAD' })).status).toBe(200);
  const key = { headers: { 'x-api-key': KEY } };
  expect((await server.fetch('/health', key)).status).toBe(404);
  const { paths } = (await (await server.fetch('/openapi.json', key)).json()) as { paths: object };
  expect(paths).toHaveProperty(['/up/now']);
  expect(paths).not.toHaveProperty(['/health']);
});
