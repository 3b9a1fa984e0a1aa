import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Decision } from '../../src/core/review/decision.js';
import { OutputLock } from '../../src/run/lock/output-lock.js';
import { readReview } from '../../src/run/review/read-review.js';
import { SCENES } from '../support/cli.js';
import { describeInBrowser, openBrowser, Visitor } from '../support/clients/browser.js';
import { ROOT } from '../support/model/golden.js';
import { openFirst, press, untilSaved } from '../support/review/editor-page.js';
import { TestReview } from '../support/review/review-server.js';
import { writeSyntheticRun } from '../support/review/synthetic-run.js';

const NAMES = ['image-0.png', 'image-1.png'];

describeInBrowser('the page of preannotate review', () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A run over two pictures. */
  async function writeRun(name: string, boxes: number, classes: readonly string[] = ['cup', 'bottle']) {
    const out = join(folder, name);
    const scene = join(SCENES, 'scene-02.jpg');
    const content = await readFile(scene);
    const names = (index: number) => NAMES[index]!;
    await writeSyntheticRun(out, { images: 2, boxes, classes, names, content: () => content, maxDetections: 300 });
    for (const image of NAMES) await copyFile(scene, join(out, image));
    return out;
  }

  it('does not say that a change is saved while a slow disk has not confirmed it', async () => {
    const out = await writeRun('slow', 5);
    const slow = join(folder, 'is-slow');
    const env = {
      SLOW_DISK: slow,
      NODE_OPTIONS: `--import=file://${join(ROOT, 'test/support/review/slow-disk.mjs')}`,
    };
    await using review = await TestReview.opened(out, ['--images-root', out], { env });
    const visitor = await openFirst(review.link, browser);
    const status = visitor.page.locator('.save-status');
    await press(visitor, 'j', 'x');
    await untilSaved(visitor); // as it is on a usual disk
    await writeFile(slow, '');
    await press(visitor, 'j', 'y');
    await status.getByText('Saving 1…').waitFor();
    await press(visitor, 'Enter');
    await visitor.page.locator('.stage[aria-label="image-1.png"]').waitFor(); // nothing else waits for the disk
    await expect.poll(async () => await readFile(slow, 'utf8')).toBe('waits\n'); // the second step waits for the first
    const asked = await visitor.page.evaluate(async () => (await fetch('/api/decisions')).status);
    expect(asked).toBe(200); // an answer to the first step would have come before this one
    expect(await status.innerText()).toBe('Saving 2…');
    const decisions = async () => (await review.json('/api/decisions')) as Decision[];
    expect((await decisions()).map(({ revision }) => revision)).toEqual([1]);
    await rm(slow);
    await untilSaved(visitor);
    expect(await decisions()).toMatchObject([{ revision: 3, state: 'accepted' }]);
    expect((await readReview(out)).get(NAMES[0]!)).toMatchObject({ revision: 3, state: 'accepted' });
    await visitor.close();
  });

  it('lets an image with 300 boxes be corrected with the keyboard: select, move, undo, accept', async () => {
    const out = await writeRun('many', 300);
    await using review = await TestReview.opened(out, ['--images-root', out]);
    const visitor = await openFirst(review.link, browser);
    const options = visitor.page.locator('.box-list .option');
    const shown = await options.count();
    expect(shown).toBeGreaterThan(250);
    expect(await visitor.page.locator('.overlay .box').count()).toBe(shown);
    for (let i = 0; i < 40; i++) await press(visitor, 'j');
    await press(visitor, 'ArrowLeft', 'ArrowUp');
    await options.filter({ hasText: 'corrected' }).waitFor();
    expect(await options.nth(39).getAttribute('aria-selected')).toBe('true');
    await press(visitor, 'z');
    await options.filter({ hasText: 'corrected' }).waitFor({ state: 'detached' });
    await press(visitor, 'x', 'Enter');
    await untilSaved(visitor);
    const { state, boxes } = (await readReview(out)).get(NAMES[0]!)!;
    expect([state, boxes.length]).toEqual(['accepted', shown]);
    expect(boxes.filter(({ status }) => status !== 'kept').map(({ status }) => status)).toEqual(['rejected']);
    await visitor.close();
  });

  it('accepts no image whose picture is still loading', async () => {
    const out = await writeRun('loading', 5);
    await using review = await TestReview.opened(out, ['--images-root', out]);
    const visitor = await openFirst(review.link, browser);
    const { page } = visitor;
    let isOver = false;
    await page.route('**/api/images/2', async (route) => {
      while (!isOver) await sleep(20);
      await route.continue();
    });
    await press(visitor, 'd', 'Enter');
    await page.locator('.said', { hasText: 'still loading' }).waitFor();
    expect(await review.json('/api/decisions')).toEqual([]);
    isOver = true;
    await page.locator('.picture:not(.not-shown)').waitFor();
    await press(visitor, 'Enter');
    await untilSaved(visitor);
    expect(await review.json('/api/decisions')).toMatchObject([{ image: NAMES[1], state: 'accepted' }]);
    await visitor.close();
  });

  it('that was disconnected follows: a run that ended meanwhile, and a review that only reads', async () => {
    const out = await writeRun('renewed', 5);
    const args = ['--images-root', out];
    const before = await TestReview.opened(out, args);
    const visitor = await Visitor.at(before.link, browser);
    const { page } = visitor;
    await page.locator('.cell').first().waitFor();
    expect(await page.locator('.class .words').allInnerTexts()).toEqual(['cup', 'bottle']);
    await before.stopped();
    await writeRun('renewed', 5, ['cup', 'bottle', 'plate']);
    const lock = await OutputLock.take(out);
    const reading = await TestReview.opened(out, args);
    await page.getByText('A run is writing into the folder').waitFor();
    await page.locator('.class .words', { hasText: 'plate' }).waitFor();
    await page.locator('.save-status', { hasText: 'Read only' }).waitFor();
    await lock[Symbol.asyncDispose]();
    await reading.stopped();
    await using after = await TestReview.opened(out, args);
    await page.locator('.save-status', { hasText: 'All saved' }).waitFor();
    await page.locator('.cell').first().focus();
    await press(visitor, ' ');
    await untilSaved(visitor);
    await expect.poll(async () => await after.json('/api/decisions')).toHaveLength(1);
    await press(visitor, 'z');
    await page.locator('.said', { hasText: 'Undone' }).waitFor(); // seen by all in the grid
    await visitor.close();
  });
});
