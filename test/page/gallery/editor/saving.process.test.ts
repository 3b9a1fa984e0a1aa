import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser, openBrowser } from '../../../support/clients/browser.js';
import { detectionOf, listed, openImage, press, untilSaved } from '../../../support/review/editor-page.js';
import { PackServer } from '../../../support/review/pack-server.js';
import { packOf } from '../../../support/review/packs.js';

const FIRST = [
  detectionOf(1, 0, { score: 0.9, box: [100, 100, 200, 200] }),
  detectionOf(2, 1, { score: 0.8, box: [300, 300, 380, 400] }),
];
const pack = packOf([FIRST, []]);

describeInBrowser('changes in the editor', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('of two tabs are seen in both at once, and none is lost', async () => {
    await using server = await PackServer.open(pack);
    const [one, two] = [await openImage(server.url, 1, browser), await openImage(server.url, 1, browser)];
    await press(one, 'j', 'ArrowRight');
    await two.page.locator('.option', { hasText: 'corrected' }).waitFor();
    await press(two, 'j', 'j', 'x');
    await one.page.locator('.option').nth(1).waitFor({ state: 'detached' });
    expect(await one.page.locator('.option[aria-selected=true] b').innerText()).toBe('class 0');
    await press(two, 'k', 'ArrowDown');
    await Promise.all([untilSaved(one), untilSaved(two)]);
    expect(server.decisions.get(1)!.boxes.map(({ status, box }) => [status, box])).toEqual([
      ['corrected', [101, 101, 201, 201]],
      ['rejected', FIRST[1]!.box],
    ]);
    await Promise.all([one.close(), two.close()]);
  });

  it('are kept while the server is gone, not shown as saved, and saved when it is back', async () => {
    let server = await PackServer.open(pack);
    const { port } = new URL(server.url);
    const visitor = await openImage(server.url, 1, browser);
    await server[Symbol.asyncDispose]();
    await press(visitor, 'j', 'x', 'b');
    await visitor.page.locator('.save-status', { hasText: 'not saved' }).waitFor();
    expect(await listed(visitor)).toEqual(['class 1 draft', 'class 0 drawn']);
    server = await PackServer.open(pack, Number(port));
    await untilSaved(visitor);
    expect(server.decisions.get(1)!.boxes.map(({ status }) => status)).toEqual(['rejected', 'drawn']);
    await visitor.close();
    await server[Symbol.asyncDispose]();
  });

  it('can be made where the image cannot be shown: its frame has the boxes, and says why', async () => {
    const { facts, boxes } = packOf([FIRST, []]);
    const broken = { facts: { ...facts, images: { ...facts.images, ids: [-1, 2] } }, boxes };
    await using server = await PackServer.open(broken);
    const visitor = await openImage(server.url, -1, browser);
    await visitor.page.getByText('The server could not answer. The answer was 404').waitFor();
    const frame = await visitor.page.locator('.frame.failed').boundingBox();
    expect(frame!.width).toBeCloseTo(frame!.height, 0);
    expect(await visitor.page.locator('.overlay .box').count()).toBe(2);
    await press(visitor, 'd');
    await visitor.page.locator('.picture:not(.not-shown)').waitFor();
    await visitor.close();
  });
});
