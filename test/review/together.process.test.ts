import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Decision } from '../../src/core/review/decision.js';
import { preannotate } from '../support/cli.js';
import { describeInBrowser, openBrowser, Visitor } from '../support/clients/browser.js';
import { openFirst, press, untilSaved } from '../support/review/editor-page.js';
import { copyRun, runScenes, TestReview } from '../support/review/review-server.js';

describeInBrowser('two pages of one review', () => {
  let browser: Browser;
  let folder: string;
  let scenes: string;

  beforeAll(async () => {
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    scenes = await runScenes(folder);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  const noticed = ({ page }: Visitor) => page.locator('[role=alert]', { hasText: 'at the same time' }).innerText();

  it('that move one box at once are both told so, by image and class, and keep what they show', async () => {
    await using review = await TestReview.opened(await copyRun(scenes));
    const pages = [await openFirst(review.link, browser), await openFirst(review.link, browser)] as const;
    for (const visitor of pages) await press(visitor, 'j');
    const name = await pages[0].page.locator('.option[aria-selected=true] b').innerText();
    review.running.child.kill('SIGSTOP');
    await press(pages[0], 'ArrowRight');
    await press(pages[1], 'ArrowUp');
    for (const { page } of pages) await page.locator('.save-status', { hasText: 'Saving 1' }).waitFor();
    review.running.child.kill('SIGCONT');
    const said = await Promise.all(pages.map(noticed));
    await Promise.all(pages.map(untilSaved));
    const met = `Another page moved the ${name} in scene-01.jpg at the same time as you.`;
    expect(said.map((text) => text.replace(/\s*OK$/, '')).sort()).toEqual([
      `${met} Your change replaced that.`,
      `${met} Your change was replaced.`,
    ]);
    const [decision] = (await review.json('/api/decisions')) as Decision[];
    const [box] = decision!.boxes;
    expect(decision!.revision).toBe(2);
    for (const visitor of pages) {
      expect(await visitor.page.locator('.option[aria-selected=true] b').innerText()).toBe(name);
      await press(visitor, 'j', 'k');
      await visitor.page.setViewportSize({ width: 390, height: 700 });
      const { y, height } = (await visitor.page.locator('.announcements .notice').boundingBox())!;
      expect(y + height).toBeLessThan(700); // without scrolling
      await visitor.page.getByRole('button', { name: 'OK', exact: true }).click();
      await visitor.page.locator('[role=alert]').waitFor({ state: 'detached' });
    }
    const tools = `getComputedStyle(document.querySelector('.box-bar .group')).maskImage`;
    expect(await pages[0].evaluate<string>(tools)).toContain('gradient'); // tools fade out where they scroll
    const isRight = said[0]!.includes('Your change replaced');
    const [x, y] = box!.from!;
    expect(box!.box.slice(0, 2)).toEqual(isRight ? [toHundredths(x + 1), y] : [x, toHundredths(y - 1)]);
    await Promise.all(pages.map((visitor) => visitor.close()));
  });

  it('do not undo what the other did since when an answer was lost on its way', async () => {
    await using review = await TestReview.opened(await copyRun(scenes));
    const [one, two] = [await openFirst(review.link, browser), await openFirst(review.link, browser)];
    const gate = new AbortController();
    const isOpen = once(gate.signal, 'abort');
    let isLost = false;
    await one.page.route('**/api/decisions', async (route) => {
      if (isLost || route.request().method() !== 'POST') {
        await route.continue();
        return;
      }
      expect((await route.fetch()).status()).toBe(200);
      await isOpen;
      isLost = true;
      await route.abort();
    });
    await press(one, 'j', 'ArrowRight');
    await two.page.locator('.option', { hasText: 'corrected' }).waitFor(); // it is saved, and seen
    await press(two, 'j', 'ArrowUp');
    await untilSaved(two);
    gate.abort();
    await untilSaved(one);
    const [decision] = (await review.json('/api/decisions')) as Decision[];
    const [x, y] = decision!.boxes[0]!.from!;
    expect(decision!.revision).toBe(2); // no third step
    expect(decision!.boxes[0]!.box.slice(0, 2)).toEqual([toHundredths(x + 1), toHundredths(y - 1)]);
    for (const visitor of [one, two]) expect(await visitor.page.locator('[role=alert]').count()).toBe(0);
    await Promise.all([one.close(), two.close()]);
  });

  it('show what was decided, whether they have the run that the server has or an earlier one', async () => {
    await using review = await TestReview.opened(await copyRun(scenes));
    const [image] = (await review.pack()).facts.images.ids;
    await review.save(image!, [{ op: 'state', state: 'accepted' }]);
    for (const isEarlier of [false, true]) {
      const page = await browser.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url().replace(/.*decisions/, '')));
      await page.route('**/api/pack', async (route) => {
        const response = await route.fetch();
        const headers = { ...response.headers(), ...(isEarlier ? { etag: '"earlier"' } : {}) };
        await route.fulfill({ response, headers });
      });
      await page.goto(review.link);
      await page.locator('.cell.is-accepted').waitFor();
      expect(asked.filter((query) => query.startsWith('?'))).toEqual(isEarlier ? ['?packed', '?compact'] : ['?packed']);
      await page.close();
    }
  });

  it('show an image as not reviewed again once one of them has undone all, and so do a reload and stats', async () => {
    const out = await copyRun(scenes);
    await using review = await TestReview.opened(out);
    const [one, two] = [await openFirst(review.link, browser), await Visitor.at(review.link, browser)];
    const begun = two.page.locator('.cell.is-open');
    const shown = async (state: string) => {
      await two.page.getByLabel('State').selectOption(state);
      return await two.page.locator('.toolbar [role=status]').innerText();
    };
    await press(one, 'j', 'x');
    await begun.waitFor();
    await press(one, 'z');
    await begun.waitFor({ state: 'detached' });
    await press(one, 'Enter');
    await two.page.locator('.cell.is-accepted').waitFor();
    await press(one, 'z');
    await two.page.locator('.cell.is-accepted').waitFor({ state: 'detached' });
    await untilSaved(one);
    expect(((await review.json('/api/decisions')) as Decision[]).map(({ revision }) => revision)).toEqual([4]);
    for (const step of ['as it is', 'loaded again']) {
      expect([await shown('untouched'), await shown('open')], step).toEqual(['48 images', '0 of 48 images']);
      await two.page.reload();
      await shown('');
      await two.page.locator('.cell.is-untouched').first().waitFor();
    }
    const stats = await preannotate(['stats', out, '--json']);
    expect(JSON.parse(stats.stdout)).toMatchObject({ review: { images: { total: 48, accepted: 0, started: 0 } } });
    await Promise.all([one.close(), two.close()]);
  });
});

function toHundredths(value: number): number {
  return Math.round(100 * value) / 100;
}
