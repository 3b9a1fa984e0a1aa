import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { describeInBrowser, openBrowser } from '../../support/clients/browser.js';
import { scene, TestServer } from '../../support/server.js';

interface Description {
  readonly openapi: string;
  readonly security: readonly object[];
  readonly paths: Readonly<Record<string, unknown>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function descriptionOf(server: TestServer, headers: Record<string, string> = {}): Promise<Description> {
  return (await (await server.fetch('/openapi.json', { headers })).json()) as Description;
}

describeInBrowser('/docs', () => {
  it('does not scroll sideways at 390 px, and breaks no name of /docs', async () => {
    await using server = await TestServer.listening();
    const browser = await openBrowser();
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    for (const path of ['/docs', '/']) {
      await page.goto(`${server.url}${path}`);
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(390);
    }
    await page.goto(`${server.url}/docs`);
    for (const width of [390, 700, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const names = "[...document.querySelectorAll('dt code')]";
      const broken = await page.evaluate(`${names}.filter((name) => name.getClientRects().length > 1).length`);
      expect(broken, `${width} px`).toBe(0);
    }
  });
});

describe('/openapi.json', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready();
    return () => server[Symbol.asyncDispose]();
  });

  it('describes the answers of the server, which keep to its schemas', async () => {
    const { openapi, paths, components } = await descriptionOf(server);
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/predict', '/predict/batch', '/health', '/metrics']));
    const references = [...JSON.stringify(paths).matchAll(/#\/components\/schemas\/(\w+)/g)];
    for (const [, name] of references) expect(components.schemas).toHaveProperty(name!);
    const bytes = await scene('scene-01.jpg');
    const images = [{ image_base64: Buffer.from(bytes).toString('base64') }, { image_base64: '?' }];
    const answers: [string, Response][] = [
      ['PredictAnswer', await server.post(bytes)],
      ['BatchAnswer', await server.postJson('/predict/batch', { images })],
      ['Problem', await server.postJson('/predict', { score_threshold: 2 })],
    ];
    for (const [name, answer] of answers) {
      const schema = z.fromJSONSchema(components.schemas[name] as z.core.JSONSchema.JSONSchema);
      expect(schema.safeParse(await answer.json()).error, name).toBeUndefined();
    }
  });

  it('is shown as a page at /docs', async () => {
    const page = await server.fetch('/docs');
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const html = await page.text();
    expect(html).toContain('POST /predict');
    expect(html).toContain(`curl -F image=@photo.jpg ${server.url}/predict`);
  });

  it('asks for a key, and lists /metrics, only where the server does', async () => {
    const key = 'a-key-of-sixteen-letters';
    const env = { PREANNOTATE_API_KEYS: key };
    await using closed = await TestServer.listening({ args: ['--metrics', 'off'], env });
    const free = await descriptionOf(server);
    const bound = await descriptionOf(closed, { 'x-api-key': key });
    expect(free.security).toEqual([]);
    expect(bound.security).toContainEqual({ apiKey: [] });
    expect(Object.keys(free.paths)).toContain('/metrics');
    expect(Object.keys(bound.paths)).not.toContain('/metrics');
  });
});

it('--no-docs removes the description, and the answer to unknown addresses does not mention it', async () => {
  await using server = await TestServer.ready({ args: ['--no-docs'] });
  for (const path of ['/docs', '/openapi.json']) expect((await server.fetch(path)).status, path).toBe(404);
  expect(await (await server.fetch('/docs')).json()).toMatchObject({ detail: 'There is no such address here.' });
  expect((await server.post(await scene('scene-01.jpg'))).status).toBe(200);
});
