import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Xyxy } from '../../../../src/core/box.js';
import { findAccessibilityProblems } from '../../../support/clients/axe.js';
import { describeInBrowser, openBrowser, type Visitor } from '../../../support/clients/browser.js';
import { drag, pinch, swipe, type Place } from '../../../support/clients/pointers.js';
import { detectionOf, listed, openImage, press, untilSaved } from '../../../support/review/editor-page.js';
import { PackServer } from '../../../support/review/pack-server.js';
import { packOf } from '../../../support/review/packs.js';

const LARGE = detectionOf(1, 0, { score: 0.9, box: [100, 100, 500, 500] });
const SMALL = detectionOf(2, 1, { score: 0.5, box: [300, 300, 340, 340] });
const pack = packOf([[LARGE, SMALL], []]);

describeInBrowser('the editor, with mouse and fingers,', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('selects the smallest box at a click, moves it, and resizes it by its handles', async () => {
    await using server = await PackServer.open(pack);
    const visitor = await openImage(server.url, 1, browser);
    const at = await toPage(visitor);
    const { mouse } = visitor.page;
    await mouse.click(...at(320, 320));
    await drag(visitor, at(320, 320), at(370, 330));
    await drag(visitor, at(390, 350), at(420, 400));
    await untilSaved(visitor);
    expectNear(server.decisions.get(1)!.boxes[0]!.box, [350, 310, 420, 400]);
    await mouse.click(...at(150, 150));
    expect(await visitor.page.locator('.option[aria-selected=true] b').innerText()).toBe('class 0');
    await visitor.close();
  });

  it('draws a box from one corner to the other, in any direction, inside the image', async () => {
    await using server = await PackServer.open(pack);
    const visitor = await openImage(server.url, 2, browser);
    const at = await toPage(visitor);
    await press(visitor, 'r');
    await drag(visitor, at(200, 150), at(-30, 40));
    await untilSaved(visitor);
    const [drawn] = server.decisions.get(2)!.boxes;
    expectNear(drawn!.box, [0, 40, 200, 150]);
    expect([drawn!.box[0], drawn!.status]).toEqual([0, 'drawn']);
    await visitor.page.keyboard.down('Shift');
    await drag(visitor, at(300, 300), at(400, 420));
    await visitor.page.keyboard.up('Shift');
    expect(await listed(visitor)).toEqual(['class 0 drawn', 'class 0 drawn']);
    await visitor.close();
  });

  it('zooms about the pointer with the wheel, and pans by dragging, without drawing boxes again', async () => {
    await using server = await PackServer.open(pack);
    const visitor = await openImage(server.url, 1, browser);
    const before = await toPage(visitor);
    await visitor.evaluate(`{
      window.changes = 0;
      const boxes = document.querySelector('.editor .overlay .shapes');
      const all = { subtree: true, childList: true, attributes: true };
      new MutationObserver((list) => (changes += list.length)).observe(boxes, all);
    }`);
    await visitor.page.mouse.move(...before(320, 320));
    for (let i = 0; i < 5; i++) await visitor.page.mouse.wheel(0, -200);
    await visitor.page.waitForTimeout(200);
    const zoomed = await toPage(visitor);
    expect(zoomed(320, 320)[0]).toBeCloseTo(before(320, 320)[0], 0);
    expect(zoomed(330, 320)[0] - zoomed(320, 320)[0]).toBeGreaterThan(30);
    await drag(visitor, before(320, 320), before(330, 340));
    await visitor.page.waitForTimeout(200);
    const panned = await toPage(visitor);
    expect(panned(320, 320)[0] - zoomed(320, 320)[0]).toBeCloseTo(before(10, 0)[0] - before(0, 0)[0], 0);
    await press(visitor, 'ArrowRight');
    await expect.poll(async () => (await toPage(visitor))(0, 0)[0]).toBeCloseTo(panned(0, 0)[0] - 64, 0);
    expect(await visitor.evaluate('changes')).toBe(0);
    await visitor.close();
  });

  it('works by touch on a screen of 320 pixels: a tap selects, a finger moves and draws, two zoom', async () => {
    await using server = await PackServer.open(pack);
    const options = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
    const visitor = await openImage(server.url, 1, browser, options);
    const { page } = visitor;
    expect(await visitor.evaluate('document.documentElement.scrollWidth')).toBe(320);
    const touch = await page.context().newCDPSession(page);
    const at = await toPage(visitor);
    await page.touchscreen.tap(...at(320, 320));
    await page.locator('.option[aria-selected=true]').waitFor();
    await swipe(touch, [at(320, 320), at(380, 320)]);
    await page.locator('.option', { hasText: 'corrected' }).waitFor();
    await untilSaved(visitor);
    expectNear(server.decisions.get(1)!.boxes[0]!.box, [360, 300, 400, 340], 6);
    await page.getByRole('button', { name: 'Draw' }).tap();
    await page.locator('.stage').scrollIntoViewIfNeeded();
    const now = await toPage(visitor);
    await swipe(touch, [now(20, 520), now(90, 600)]);
    await page.locator('.option', { hasText: 'drawn' }).waitFor();
    await untilSaved(visitor);
    expectNear(server.decisions.get(1)!.boxes[1]!.box, [20, 520, 90, 600], 6);
    await pinch(touch, now(320, 320));
    const zoomed = await toPage(visitor);
    expect(zoomed(100, 0)[0] - zoomed(0, 0)[0]).toBeGreaterThan(1.5 * (now(100, 0)[0] - now(0, 0)[0]));
    await page.getByRole('button', { name: 'Accept', exact: true }).tap();
    await page.locator('.accepted').or(page.getByText('2 of 2')).first().waitFor();
    await untilSaved(visitor);
    expect(server.decisions.get(1)!.state).toBe('accepted');
    await visitor.close();
  });

  it.each(['light', 'dark'] as const)('has nothing that axe-core objects to, in %s', async (colorScheme) => {
    await using server = await PackServer.open(pack);
    const visitor = await openImage(server.url, 1, browser, { colorScheme });
    await press(visitor, 'j', 'x', 'g', 'k');
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    await press(visitor, '?');
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    await press(visitor, 'Escape', 'c');
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });
});

/** Where a point of the image is on the page now. */
async function toPage(visitor: Visitor): Promise<(x: number, y: number) => Place> {
  const [left, top, width] = await visitor.evaluate<[number, number, number]>(`(() => {
    const { left, top, width } = document.querySelector('.editor .picture').getBoundingClientRect();
    return [left, top, width];
  })()`);
  const scale = width / 640;
  return (x, y) => [left + x * scale, top + y * scale];
}

/** Pointers are in whole pixels of the page. */
function expectNear(box: Xyxy, wanted: Xyxy, by = 3): void {
  box.forEach((value, i) =>
    expect(Math.abs(value - wanted[i]!), `${box.join()} for ${wanted.join()}`).toBeLessThan(by),
  );
}
