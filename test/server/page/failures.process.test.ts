import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser, openBrowser, Visitor } from '../../support/clients/browser.js';
import { SCENES } from '../../support/cli.js';
import { scene, TestServer } from '../../support/server.js';
import { startWebServer } from '../../support/servers/web-server.js';

const SCENE = join(SCENES, 'scene-01.jpg');

describeInBrowser('the page, on a failure,', () => {
  let server: TestServer;
  let browser: Browser;
  let web: Awaited<ReturnType<typeof startWebServer>>;

  beforeAll(async () => {
    const bytes = await scene('scene-01.jpg');
    web = await startWebServer((_request, response) => response.end(bytes));
    const args = ['--max-bytes', '200KB', '--allow-private', '--allow-host', `127.0.0.1:${web.port}`];
    [server, browser] = await Promise.all([TestServer.ready({ args }), openBrowser()]);
  });

  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
    web[Symbol.dispose]();
  });

  const visit = async () => (await Visitor.at(server.url, browser)).ready();

  it('reports a file that is no image, and works with the next one', async () => {
    const visitor = await visit();
    await visitor.page.setInputFiles('#file', {
      name: 'a.jpg',
      mimeType: 'image/jpeg',
      buffer: Buffer.from('no image'),
    });
    expect(await visitor.problem()).toMatch(/^This .*image.*\n+Its content [^]*\n+Send a JPEG, [^]*\nRequest [\w-]+$/);
    expect(await visitor.page.locator('#copy').isDisabled()).toBe(true);
    await visitor.choose(SCENE);
    expect(await visitor.page.locator('#problem').isVisible()).toBe(false);
    expect(await visitor.listed()).not.toEqual([]);
    await visitor.close();
  });

  it('does not send an image that is larger than the server accepts', async () => {
    const visitor = await visit();
    const buffer = Buffer.alloc(200_001);
    await visitor.page.setInputFiles('#file', { name: 'a.jpg', mimeType: 'image/jpeg', buffer });
    expect(await visitor.problem()).toMatch(/too large[^]*takes up to 0\.2 MB/);
    expect(visitor.requested.filter((url) => url.endsWith('/predict'))).toEqual([]);
    await visitor.close();
  });

  it('names the line of a prompt that cannot be used', async () => {
    const visitor = await visit();
    await visitor.choose(SCENE);
    await visitor.page.locator('#prompts').fill('a photo of a cup: cup\n\n# mugs\nmug: []\n');
    await visitor.page.getByRole('button', { name: 'Run again' }).click();
    expect(await visitor.problem()).toMatch(/The prompts cannot be used[^]*Line 4 of the prompts: .*no prompts/);
    await visitor.close();
  });

  it('draws the boxes of an image given by URL on an empty frame, and does not fetch the image itself', async () => {
    const visitor = await visit();
    const address = `http://127.0.0.1:${web.port}/a%20photo.jpg`;
    await visitor.page.getByLabel('Image URL').fill(address);
    await visitor.page.getByRole('button', { name: 'Fetch' }).click();
    await visitor.untilStatus('found');
    expect(await visitor.listed()).not.toEqual([]);
    expect(await visitor.page.locator('#picture-note').textContent()).toContain('on another site');
    expect(await visitor.page.locator('#name').textContent()).toBe('a photo.jpg');
    const { images } = JSON.parse(await visitor.page.locator('#result').inputValue()) as { images: [object] };
    const size = await visitor.evaluate<object>('({ width: image.naturalWidth, height: image.naturalHeight })');
    expect(images[0]).toMatchObject(size);
    expect(visitor.requested.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:'))).toEqual([]);
    await visitor.close();
  });

  it('shows why a URL is refused', async () => {
    const visitor = await visit();
    await visitor.page.getByLabel('Image URL').fill('ftp://example.org/a.jpg');
    await visitor.page.getByRole('button', { name: 'Fetch' }).click();
    expect(await visitor.problem()).toMatch(/^This address is refused\n+image_url /);
    await visitor.close();
  });

  it('shows that it is busy; Cancel also cancels the request at the server', async () => {
    await using slow = await TestServer.ready({ slowMs: 20_000 });
    const visitor = await (await Visitor.at(slow.url, browser)).ready();
    await visitor.page.setInputFiles('#file', SCENE);
    await visitor.untilStatus('Looking for objects');
    expect(await visitor.page.locator('#stage').getAttribute('aria-busy')).toBe('true');
    await visitor.page.getByRole('button', { name: 'Cancel' }).click();
    await visitor.untilStatus('Cancelled');
    expect(await visitor.page.getByRole('button', { name: 'Cancel' }).isVisible()).toBe(false);
    expect(await visitor.page.locator('#stage').getAttribute('aria-busy')).toBe('false');
    await slow.until(() => slow.running.stderr.includes('"status":499'));
    await visitor.close();
  });

  it('reports that the server cannot be reached', async () => {
    await using other = await TestServer.ready();
    const visitor = await (await Visitor.at(other.url, browser)).ready();
    await other.stop('SIGKILL');
    await visitor.page.setInputFiles('#file', SCENE);
    expect(await visitor.problem()).toContain('The server could not be reached');
    await visitor.close();
  });

  it('asks for the API key, asks again when it is wrong, and keeps it for this tab only', async () => {
    const key = 'a-key-of-more-than-16-signs';
    await using closed = await TestServer.ready({ env: { PREANNOTATE_API_KEYS: key } });
    const visitor = await Visitor.at(closed.url, browser);
    const input = visitor.page.getByRole('textbox', { name: 'API key' });
    await input.fill('wrong');
    await input.press('Enter');
    await visitor.page.getByText('does not accept this key').waitFor();
    await input.fill(key);
    await visitor.page.getByRole('button', { name: 'Use this key' }).click();
    await visitor.untilStatus('Ready');
    const documentation = visitor.page.getByRole('link', { name: 'API documentation' });
    expect(await documentation.isVisible()).toBe(false); // following a link sends no key
    await visitor.choose(SCENE);
    expect(await visitor.listed()).not.toEqual([]);

    await visitor.page.reload();
    await visitor.untilStatus('Ready');
    expect(await visitor.evaluate('[localStorage.length, document.cookie]')).toEqual([0, '']);
    const other = await visitor.page.context().newPage();
    await other.goto(closed.url);
    await other.getByRole('dialog', { name: 'needs an API key' }).waitFor();
    await other.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await other.locator('#problem', { hasText: 'An API key is needed' }).waitFor();
    await visitor.close();
  });
});
