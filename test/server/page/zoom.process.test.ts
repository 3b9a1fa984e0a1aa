import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { describeInBrowser, type Visitor } from '../../support/clients/browser.js';
import { ServePage } from '../../support/clients/serve-page.js';
import { drag, pinch, swipe, type Place } from '../../support/clients/pointers.js';
import { SCENES } from '../../support/cli.js';

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

describeInBrowser('the picture of the page', () => {
  const serve = ServePage.forSuite();
  let image: Buffer; // larger than its place: others are not blown up

  beforeAll(async () => {
    image = await sharp(join(SCENES, 'scene-01.jpg')).resize({ width: 1280 }).jpeg().toBuffer();
  });

  const visit = async (options: BrowserContextOptions = {}) => {
    const visitor = await serve.visit(options);
    await visitor.choose({ name: 'large.jpg', mimeType: 'image/jpeg', buffer: image });
    await visitor.page.locator('#viewport').scrollIntoViewIfNeeded();
    return visitor;
  };

  it('is zoomed about the pointer by the wheel with Ctrl, which alone scrolls the picture or the page', async () => {
    const visitor = await visit({ viewport: { width: 700, height: 900 } });
    const { mouse, keyboard } = visitor.page;
    const whole = await rectangleOf(visitor, '#image');
    const place = await rectangleOf(visitor, '#viewport');
    expect(whole.height).toBe(place.height);
    const at: Place = [whole.x + whole.width / 4, whole.y + whole.height / 4];
    await mouse.move(...at);
    await keyboard.down('Control');
    for (let i = 0; i < 3; i++) await mouse.wheel(0, -120);
    await keyboard.up('Control');
    await expect.poll(() => zoomOf(visitor)).toBeGreaterThan(300);
    const zoomed = await rectangleOf(visitor, '#image');
    expect((at[0] - zoomed.x) / zoomed.width).toBeCloseTo(0.25, 1);
    expect((at[1] - zoomed.y) / zoomed.height).toBeCloseTo(0.25, 1);
    expect(await rectangleOf(visitor, '#viewport')).toEqual(place);

    await mouse.wheel(0, 50);
    await expect.poll(async () => (await rectangleOf(visitor, '#image')).y).toBeCloseTo(zoomed.y - 50, 0);
    await visitor.page.getByRole('button', { name: 'Fit' }).click();
    await mouse.move(...at);
    const top = () => visitor.evaluate<number>('scrollY');
    const before = await top();
    await mouse.wheel(0, 50);
    await expect.poll(top).toBeGreaterThan(before);
    expect(await zoomOf(visitor)).toBe(100);
    await visitor.close();
  });

  it('is zoomed and moved by keys, shows a box that is selected in the list, and is panned by a drag', async () => {
    const visitor = await visit();
    const { keyboard } = visitor.page;
    const whole = await rectangleOf(visitor, '#image');
    await visitor.page.locator('#viewport').focus();
    for (const key of ['+', '+', '=', '-']) await keyboard.press(key);
    await expect.poll(() => zoomOf(visitor)).toBe(Math.round(100 * 1.5 ** 2));
    const zoomed = await rectangleOf(visitor, '#image');
    await keyboard.press('ArrowRight');
    await keyboard.press('ArrowUp');
    await expect
      .poll(async () => await rectangleOf(visitor, '#image'))
      .toMatchObject({ x: zoomed.x - 64, y: zoomed.y + 64 });

    await visitor.page.locator('#boxes').focus();
    for (const key of ['Home', 'End']) {
      await keyboard.press(key);
      await expect.poll(() => isInside(visitor, '.box.selected .line', '#viewport')).toBe(true);
    }
    const before = await rectangleOf(visitor, '#image');
    const selected = await visitor.page.locator('.box.selected').getAttribute('data-index');
    const middle: Place = [whole.x + whole.width / 2, whole.y + whole.height / 2];
    await drag(visitor, middle, [middle[0] + 30, middle[1] - 20]);
    const after = await rectangleOf(visitor, '#image');
    expect([Math.abs(after.x - before.x), Math.abs(after.y - before.y)]).toEqual([30, 20]);
    expect(await visitor.page.locator('.box.selected').getAttribute('data-index')).toBe(selected);

    await visitor.page.locator('#viewport').focus();
    await keyboard.press('0');
    await expect.poll(() => rectangleOf(visitor, '#image')).toEqual(whole);
    expect(visitor.complaints).toEqual([]);
    await visitor.close();
  });

  it('is zoomed by two fingers and then moved by one, which scrolls the page before', async () => {
    const visitor = await visit({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
    const touch = await visitor.page.context().newCDPSession(visitor.page);
    const { x, y, width, height } = await rectangleOf(visitor, '#viewport');
    const middle: Place = [x + width / 2, y + height / 2];
    expect(await touchActionOf(visitor)).toBe('pan-x pan-y');
    await pinch(touch, middle);
    await expect.poll(() => zoomOf(visitor)).toBeGreaterThan(150);
    expect(await touchActionOf(visitor)).toBe('none');
    const before = await rectangleOf(visitor, '#image');
    await swipe(touch, [middle, [middle[0] - 40, middle[1]]]);
    await expect.poll(async () => (await rectangleOf(visitor, '#image')).x).toBeLessThan(before.x - 20);
    await visitor.page.locator('.box').last().tap({ force: true });
    await visitor.page.locator('.box.selected').waitFor({ state: 'attached' });
    await visitor.close();
  });
});

function rectangleOf(visitor: Visitor, selector: string): Promise<Rectangle> {
  return visitor.evaluate<Rectangle>(`(() => {
    const { x, y, width, height } = document.querySelector('${selector}').getBoundingClientRect();
    return { x, y, width, height };
  })()`);
}

async function isInside(visitor: Visitor, inner: string, outer: string): Promise<boolean> {
  const [box, place] = [await rectangleOf(visitor, inner), await rectangleOf(visitor, outer)];
  const isBetween = (from: number, length: number, low: number, all: number) =>
    from >= low - 1 && from + length <= low + all + 1;
  return isBetween(box.x, box.width, place.x, place.width) && isBetween(box.y, box.height, place.y, place.height);
}

/** In per cent of the whole picture. */
async function zoomOf(visitor: Visitor): Promise<number> {
  return parseInt(await visitor.page.locator('#zoom-shown').innerText());
}

function touchActionOf(visitor: Visitor): Promise<string> {
  return visitor.evaluate<string>(`getComputedStyle(document.querySelector('#viewport')).touchAction`);
}
