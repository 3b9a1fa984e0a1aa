import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { describeInBrowser, openBrowser } from '../support/clients/browser.js';
import { temporaryFolder } from '../support/temporary.js';

const FIRST_PICTURE = '<script type="text/plain" id="t';
const HAS_PICTURE = '[...document.images].some((image) => image.naturalWidth > 0)';

describeInBrowser('a report that is still being read', () => {
  it('shows its images and filters them before their pictures are there, and then the pictures', async () => {
    const out = join(await temporaryFolder(), 'out');
    const scenes = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg'].map((name) => join(SCENES, name));
    await preannotate(['run', ...scenes, ...EMOJI, '--out', out]);
    expect((await preannotate(['report', out])).code).toBe(0);
    const html = await readFile(join(out, 'report.html'), 'utf8');
    const [before, after] = [html.slice(0, html.indexOf(FIRST_PICTURE)), html.slice(html.indexOf(FIRST_PICTURE))];
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using browser = await openBrowser();
    const page = await browser.newPage();
    const { port } = server.address() as AddressInfo;
    const opened = page.goto(`http://127.0.0.1:${port}/`, { waitUntil: 'commit' });
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
    response.setHeader('content-type', 'text/html').write(before);
    await opened;
    await page.locator('.cell').nth(2).waitFor();
    expect(await page.evaluate('document.readyState')).toBe('loading');
    await page.getByLabel('Name contains').fill('scene-02');
    await page.locator('.toolbar', { hasText: '1 of 3 images' }).waitFor();
    expect(await page.getByText('No picture in this file').count()).toBe(0);
    expect(await page.evaluate(HAS_PICTURE)).toBe(false);
    response.end(after);
    await expect.poll(() => page.evaluate(HAS_PICTURE), { timeout: 20_000 }).toBe(true);
    server.close();
  });
});
