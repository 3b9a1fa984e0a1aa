import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeInBrowser, openBrowser, Visitor } from '../../support/clients/browser.js';
import { SCENES } from '../../support/cli.js';
import { scene, TestServer } from '../../support/server.js';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.ready({ env: { PREANNOTATE_API_KEYS: 'a-key-of-more-than-16-signs' } });
});

afterAll(() => server[Symbol.asyncDispose]());

describe('the files of the page', () => {
  it.each(['/', '/page/serve.css', '/page/serve.js'])(
    '%s is open without a key, under a strict policy',
    async (route) => {
      const response = await server.fetch(route);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-security-policy')).toBe(POLICY);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const type = route === '/' ? 'text/html' : route.endsWith('.css') ? 'text/css' : 'text/javascript';
      expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
      const { length } = await response.text();
      expect(length).toBeGreaterThan(100);
      expect(length).toBeLessThan(100_000);
    },
  );

  it('are not sent again to a browser that has them', async () => {
    const etag = (await server.fetch('/page/serve.js')).headers.get('etag')!;
    const again = await server.fetch('/page/serve.js', { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('etag')).toBe(etag);
    const other = await server.fetch('/page/serve.js', { headers: { 'if-none-match': 'W/"another"' } });
    expect(other.status).toBe(200);
  });

  it('are the only open addresses: no other file is served, and the API needs a key', async () => {
    const others = [
      '/page/',
      '/page/serve.ts',
      '/page/../auth.js',
      '/page/%2e%2e/auth.js',
      '/page/..%2fauth.js',
      '/page/api',
    ];
    for (const path of [...others, '/info', '/predict']) {
      const { status } = await server.fetch(path);
      expect.soft([401, 404], path).toContain(status);
    }
    const headers = { 'x-api-key': 'a-key-of-more-than-16-signs' };
    for (const path of others) expect.soft((await server.fetch(path, { headers })).status, path).toBe(404);
  });
});

describeInBrowser('the page, given names that contain markup,', () => {
  let browser: Browser;
  let open: TestServer;

  beforeAll(async () => {
    [open, browser] = await Promise.all([TestServer.ready(), openBrowser()]);
  });

  afterAll(async () => {
    await browser.close();
    await open[Symbol.asyncDispose]();
  });

  const MARKUP = '<img src=x onerror=globalThis.ran=1><script>globalThis.ran=1</script>';

  it('shows the names as text, and runs none of the markup', async () => {
    const visitor = await (await Visitor.at(open.url, browser)).ready();
    const { page } = visitor;
    const buffer = Buffer.from(await scene('scene-01.jpg'));
    await visitor.choose({ name: `${MARKUP}.jpg`, mimeType: 'image/jpeg', buffer });
    const name = `"><svg onload=globalThis.ran=1>${MARKUP}`;
    const look = async (prompt: string) => {
      await page.locator('#prompts').fill(`${JSON.stringify(name)}: [a photo of a bottle, ${prompt}]\n`);
      await page.getByRole('button', { name: 'Run again' }).click();
    };
    await look(`${MARKUP}, ${MARKUP}`);
    expect(await visitor.problem()).toContain(MARKUP); // it comes twice, and the refusal quotes it
    expect(visitor.complaints.splice(0).join()).toContain('422'); // the browser notes every refusal
    await look('<i>bottle</i>');
    const option = page.locator('.option b', { hasText: '<svg onload' }).first();
    await option.waitFor();
    expect(await option.textContent()).toBe(name);
    expect(await page.locator('#name').textContent()).toBe(`${MARKUP}.jpg`);
    expect(await page.locator('#image').getAttribute('alt')).toBe(`${MARKUP}.jpg`);
    expect(await page.locator('#stage img, .option img, script:not([src])').count()).toBe(1); // the image itself
    expect(await visitor.evaluate('globalThis.ran')).toBeUndefined();
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });

  it('has a content security policy that blocks injected scripts and styles', async () => {
    const visitor = await (await Visitor.at(open.url, browser)).ready();
    await visitor.evaluate(`(() => {
      const holder = document.createElement('div');
      holder.innerHTML = '<img src=x onerror="globalThis.ran=1"><p id=styled style="color: rgb(1, 2, 3)">a</p>';
      const script = document.createElement('script');
      script.textContent = 'globalThis.ran = 1';
      document.body.append(holder, script);
    })()`);
    await expect.poll(() => visitor.complaints.join('\n')).toMatch(/inline event handler/);
    expect(visitor.complaints.join('\n')).toMatch(/inline style/);
    expect(visitor.complaints.join('\n')).toMatch(/inline script/);
    expect(await visitor.evaluate('globalThis.ran')).toBeUndefined();
    expect(await visitor.evaluate('getComputedStyle(styled).color')).not.toBe('rgb(1, 2, 3)');
    await visitor.close();
  });

  it('sends requests to its own server only', async () => {
    const visitor = await (await Visitor.at(open.url, browser)).ready();
    await visitor.choose(join(SCENES, 'scene-01.jpg'));
    await visitor.page.getByLabel('YOLO lines').check();
    const network = visitor.requested.filter((url) => /^(https?|wss?):/.test(url));
    expect(network.length).toBeGreaterThan(4);
    expect(network.filter((url) => !url.startsWith(`${open.url}/`))).toEqual([]);
    await visitor.close();
  });
});
