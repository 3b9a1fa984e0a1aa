import { once } from 'node:events';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReview } from '../../../../src/run/review/read-review.js';
import { describeInBrowser, openBrowser, Visitor } from '../../../support/clients/browser.js';
import { listed, openFirst, press, thumbnailShown, untilSaved } from '../../../support/review/editor-page.js';
import { TestReview } from '../../../support/review/review-server.js';
import { sampleRun } from '../../../support/review/sample-run.js';

const scenes = sampleRun();

describeInBrowser('the review page, with mouse and keys in turn,', () => {
  let browser: Browser;
  let out: string;
  let review: TestReview;
  beforeAll(async () => {
    browser = await openBrowser();
    out = scenes.out;
    review = await TestReview.opened(out);
  });
  afterAll(async () => {
    await review[Symbol.asyncDispose]();
    await browser.close();
  });

  const settled = async ({ page }: Visitor, name: string) => {
    await page.locator('.image-name', { hasText: name }).waitFor();
    await page.locator('.picture:not(.not-shown)').waitFor();
  };
  const hasFocus = ({ page }: Visitor, selector: string) => page.locator(`${selector}:focus`).waitFor();

  it('has the keys of an open image mean the same after a click on a tool', async () => {
    const visitor = await openFirst(review.link, browser);
    const { page } = visitor;
    const tool = (name: string) => page.locator('.editor-bar').getByRole('button', { name, exact: true });
    await page.locator('.option').first().click();
    await tool('Reject').click();
    await press(visitor, 'Enter');
    await page.locator('.image-name', { hasText: 'scene-02.jpg' }).waitFor();
    await untilSaved(visitor);
    const first = (await readReview(out)).get('scene-01.jpg')!;
    expect([first.state, first.boxes.filter(({ status }) => status === 'rejected').length]).toEqual(['accepted', 1]);

    await tool('Next image').click();
    await settled(visitor, 'scene-03.jpg');
    await press(visitor, 'Enter');
    await settled(visitor, 'scene-04.jpg');
    await page
      .getByRole('slider')
      .first()
      .click({ position: { x: 2, y: 5 } });
    await press(visitor, 'j', 'x');
    await page.locator('.said', { hasText: 'Rejected.' }).waitFor();
    await page.getByRole('checkbox').first().click();
    await press(visitor, 'Enter');
    await untilSaved(visitor);
    const decided = await readReview(out);
    expect([...decided.keys()].sort()).toEqual(['scene-01.jpg', 'scene-03.jpg', 'scene-04.jpg']);
    expect([...decided.values()].every(({ state }) => state === 'accepted')).toBe(true);
    await visitor.close();
  });

  it('leaves the focus of keyboards at a tool, except at one that has nothing to do any more', async () => {
    const visitor = await openFirst(review.link, browser);
    await press(visitor, 'd', 'd', 'd', 'd', 'd', 'd');
    await settled(visitor, 'scene-07.jpg');
    const reject = visitor.page.getByRole('button', { name: 'Reject', exact: true });
    expect(await reject.getAttribute('title')).toBe('Reject the box, or restore it (X)');
    const count = (await listed(visitor)).length;
    expect(count).toBeGreaterThan(1);
    await press(visitor, 'j');
    for (let left = count; left > 1; left--) await reject.press('Enter');
    await visitor.page.locator('button:focus', { hasText: 'Reject' }).waitFor();
    await reject.press('Enter');
    await hasFocus(visitor, '.stage');
    await press(visitor, 'Enter');
    await visitor.page.locator('.image-name', { hasText: 'scene-08.jpg' }).waitFor();
    await visitor.page.getByRole('button', { name: 'Keys' }).click();
    await press(visitor, 'Escape');
    await hasFocus(visitor, '.stage');
    await visitor.close();
  });

  it('goes on in the grid from the image whose tick was clicked', async () => {
    const visitor = await Visitor.at(review.link, browser);
    const cell = visitor.page.locator('.cell');
    await visitor.page.getByText('Space or ✓ accepts, Enter opens').waitFor();
    await cell.nth(4).locator('.thumbnail[aria-busy="false"]').waitFor();
    await cell.nth(4).hover();
    await cell.nth(4).getByRole('button', { name: 'Accept' }).click();
    await visitor.page.locator('.cell.is-accepted:focus', { hasText: 'scene-05.jpg' }).waitFor();
    await press(visitor, 'ArrowRight', 'Enter');
    await visitor.page.locator('.image-name', { hasText: 'scene-06.jpg' }).waitFor();
    await press(visitor, 'Escape');
    await visitor.page.getByRole('button', { name: 'Reverse the order' }).click();
    await hasFocus(visitor, '.cell');
    await untilSaved(visitor);
    expect((await readReview(out)).has('scene-06.jpg')).toBe(false);
    await visitor.close();
  });

  it('accepts no image in the grid before its thumbnail is shown, and none that cannot be shown', async () => {
    const visitor = await Visitor.at('about:blank', browser);
    const { page } = visitor;
    const gate = new AbortController();
    const isOpen = once(gate.signal, 'abort');
    await page.route('**/thumbnail?*', async (route) => {
      await isOpen;
      if (/images\/11\//.test(route.request().url())) await route.abort();
      else await route.continue();
    });
    await page.goto(review.link);
    const cell = page.locator('.cell');
    await cell.nth(9).focus();
    await press(visitor, ' ');
    await page.locator('.said', { hasText: 'The picture is still loading' }).waitFor();
    await cell.nth(9).getByRole('button', { name: 'Accept' }).click();
    expect(await cell.nth(9).getAttribute('class')).toContain('is-untouched');
    gate.abort();
    await thumbnailShown(page);
    await press(visitor, ' ');
    await page.locator('.cell.is-accepted:focus').waitFor();
    await press(visitor, 'ArrowRight');
    await thumbnailShown(page);
    await press(visitor, ' ');
    await page.locator('.said', { hasText: 'The picture cannot be shown: open the image' }).waitFor();
    await untilSaved(visitor);
    const { facts } = await review.pack();
    const saved = await readReview(out);
    expect([9, 10].map((index) => saved.get(facts.images.names[index]!)?.state)).toEqual(['accepted', undefined]);
    await visitor.close();
  });
});
