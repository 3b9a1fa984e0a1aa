import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, expect, it } from 'vitest';
import { findAccessibilityProblems } from '../../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../../support/clients/browser.js';
import { thumbnailShown } from '../../support/review/editor-page.js';
import { PackServer } from '../../support/review/pack-server.js';
import { largePack } from '../../support/review/packs.js';

const COUNT = 10_000;
const FAILED = COUNT + 1; // the number of an image
const MARKUP = '<img src=x onerror=globalThis.ran=1>';

const PACK = packWithOddNames();

describeInBrowser(`the gallery over ${COUNT} images`, () => {
  let browser: Browser;
  let server: PackServer;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    server = await PackServer.open(PACK);
    visitor = await Visitor.at(server.url, browser, { viewport: { width: 1280, height: 800 } });
    page = visitor.page;
    await status('10,000 images');
    await page.locator('.cell img').first().waitFor();
  });
  afterEach(async () => {
    expect(visitor.complaints.filter((one) => !one.startsWith('Failed to load resource'))).toEqual([]);
    await visitor.close();
    await server[Symbol.asyncDispose]();
  });

  it('has only the cells in view in the document, and leads to each image by keys', async () => {
    const grid = page.locator('[role=grid]');
    const columns = Number(await grid.getAttribute('aria-colcount'));
    expect(Number(await grid.getAttribute('aria-rowcount'))).toBe(Math.ceil(COUNT / columns));
    await focusGrid();
    for (const [key, image] of [
      ['ArrowRight', 1],
      ['ArrowDown', 1 + columns],
      ['Home', columns],
      ['Control+End', COUNT - 1],
      ['ArrowLeft', COUNT - 2],
      ['Control+Home', 0],
    ] as const) {
      await page.keyboard.press(key);
      await focusIsOn(image);
      expect(await page.locator('.cell').count()).toBeLessThan(100);
    }
    expect(await page.locator('.cell[tabindex="0"]').count()).toBe(1);
  });

  it('accepts with Space, opens with Enter, and comes back to the same place', async () => {
    await focusGrid();
    await page.keyboard.press('Control+End');
    await focusIsOn(COUNT - 1);
    await thumbnailShown(page);
    await page.keyboard.press(' ');
    await page.locator('.cell.is-accepted').waitFor();
    await page.getByText('All saved').waitFor();
    await page.getByText('1 of 10,000 accepted').waitFor();
    expect([...server.decisions.values()]).toMatchObject([{ image: 'image-009999.jpg', state: 'accepted' }]);

    const top = await scrollTop();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/#image=10000');
    await page.locator('[role=grid]').waitFor({ state: 'detached' });
    await page.goBack();
    await focusIsOn(COUNT - 1);
    expect(await scrollTop()).toBe(top);

    await page.keyboard.press('Control+z');
    await page.getByText('0 of 10,000 accepted').waitFor();
    await page.keyboard.press('Control+y');
    await page.getByText('1 of 10,000 accepted').waitFor();
  });

  it('lists its keys, undoes and redoes, and moves the focus to the image concerned', async () => {
    await focusGrid();
    await page.keyboard.press(' ');
    await page.getByText('1 of 10,000 accepted').waitFor();
    await page.keyboard.press('Control+End');
    await focusIsOn(COUNT - 1);
    await page.keyboard.press('z');
    await page.getByText('0 of 10,000 accepted').waitFor();
    await focusIsOn(0);
    await page.getByRole('status').getByText('Undone. image-000000.jpg: ').waitFor({ state: 'attached' });
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Shift+Z');
    await page.getByText('1 of 10,000 accepted').waitFor();
    await focusIsOn(0);

    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('Go to another image').waitFor();
    await page.keyboard.press('Escape');
    await focusIsOn(0);

    await page.getByLabel('Name contains').fill('99');
    await status('of 10,000 images');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator('.image-name', { hasText: 'image-000000.jpg' }).waitFor();
    await page.getByText('0 of 10,000 accepted').waitFor();
  });

  it('keeps filter, order, thresholds and image over a reload', async () => {
    await page.getByLabel('Name contains').fill('99');
    await page.getByLabel('Sort by').selectOption('score');
    await page.getByRole('checkbox', { name: /^class 3 / }).check();
    const slider = page.getByRole('slider', { name: 'Threshold of class 3', exact: true });
    await slider.press('PageUp');
    await page.waitForURL(/sort=score&text=99&classes=3&thresholds=3%3A0.2$/);
    const before = await shown();
    await page.reload();
    await page.locator('.cell').first().waitFor();
    expect(await shown()).toEqual(before);
    expect(await slider.getAttribute('aria-valuenow')).toBe('0.2');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await status('10,000 images');
    await page.goto(`${server.url}#image=5000`);
    await page.reload();
    await page.getByText('image-004999.jpg').first().waitFor();
  });

  it('counts the boxes of each class at a threshold that is moved with keys or dragged', async () => {
    const count = async () => parseInt((await page.locator('.class .numbers').nth(2).innerText()).replace(',', ''));
    const slider = page.getByRole('slider', { name: 'Threshold of class 2', exact: true });
    const before = await count();
    await slider.press('End');
    await expect.poll(count).toBe(0);
    expect(await slider.getAttribute('aria-valuenow')).toBe('1');
    const { x, y, width, height } = (await slider.boundingBox())!;
    await page.mouse.move(x + width * 0.9, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.5, y + height / 2, { steps: 4 });
    await page.mouse.up();
    await expect.poll(count).toBeGreaterThan(0);
    expect(await count()).toBeLessThan(before);
    await page.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(count).toBe(before);
  });

  it('shows names that contain markup as text', async () => {
    await page.getByText(`${MARKUP}.jpg`).first().waitFor();
    await page.getByText(`${MARKUP} class`).first().waitFor();
    expect(await visitor.evaluate('globalThis.ran')).toBeUndefined();
  });

  it('lists images that failed, with reasons', async () => {
    await page.getByLabel('State').selectOption('failed');
    await page.getByText('The file ends early.', { exact: true }).waitFor();
    expect(await page.locator('.failures').getByText('broken.jpg').count()).toBe(1);
  });

  it('says at the address of an image that failed or is not in the run what became of it', async () => {
    await page.goto('about:blank');
    await page.goto(`${server.url}#image=${FAILED}`);
    await page.locator('.failures').getByText('The file ends early.').waitFor();
    await page.locator('.said', { hasText: 'broken.jpg could not be annotated.' }).waitFor();
    await page.goto('about:blank');
    await page.goto(`${server.url}#image=${FAILED + 1}`);
    await page
      .locator('.said', { hasText: `The image of this address (number ${FAILED + 1}) is not in the run.` })
      .waitFor();
    await status('10,000 images');
  });

  it.each([
    [320, 'light'],
    [1280, 'dark'],
  ] as const)('has nothing that axe-core finds wrong at %i pixels, %s', async (width, colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 700 });
    expect(await findAccessibilityProblems(page)).toEqual([]);
    if (width === 320) await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByRole('checkbox', { name: /^class 3 / }).check();
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(await visitor.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });

  it('keeps the theme that was chosen', async () => {
    const ground = () => visitor.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.getByLabel('Theme').selectOption('dark');
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.locator('.cell').first().waitFor();
    expect(await ground()).toBe(dark);
  });

  it('keeps what could not be saved until the server is back, and warns before it is left', async () => {
    const { port } = new URL(server.url);
    await focusGrid();
    await server[Symbol.asyncDispose]();
    await page.keyboard.press(' ');
    await page.getByRole('alert').getByText('Not saved yet: 1.').waitFor();
    await page.getByText('1 not saved').waitFor();
    const dialog = page.waitForEvent('dialog');
    const closing = page.close({ runBeforeUnload: true });
    await (await dialog).dismiss();
    await closing;

    server = await PackServer.open(PACK, Number(port));
    await page.getByText('All saved').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    expect(server.decisions.get(1)?.state).toBe('accepted');
    await page.getByText('1 of 10,000 accepted').waitFor();
  });

  it('takes back a change that the server refuses, says why, and keeps it until it is dismissed', async () => {
    server.refusal = 'Another program holds the folder.';
    await focusGrid();
    await page.keyboard.press(' ');
    await page.getByRole('alert').getByText(server.refusal).waitFor();
    await page.getByText('0 of 10,000 accepted').waitFor();
    await page.getByText('1 not saved').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').getByText(server.refusal).waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByText('All saved').waitFor();
  });

  it('shows what another tab decides', async () => {
    const other = await Visitor.at(server.url, browser);
    await other.page.locator('.cell').first().focus();
    await thumbnailShown(other.page);
    await other.page.keyboard.press(' ');
    await page.locator('.cell.is-accepted').waitFor();
    await page.getByText('1 of 10,000 accepted').waitFor();
    await other.close();
  });

  function status(text: string): Promise<void> {
    return page.locator('.toolbar [role=status]', { hasText: text }).waitFor();
  }

  async function focusGrid(): Promise<void> {
    await page.locator('.cell[tabindex="0"]').focus();
    await thumbnailShown(page);
  }

  function focusIsOn(image: number): Promise<void> {
    return page.locator(`.cell[data-image="${image}"]:focus`).waitFor();
  }

  function scrollTop(): Promise<number> {
    return visitor.evaluate<number>(`document.querySelector('.grid').scrollTop`);
  }

  async function shown(): Promise<string[]> {
    await page.locator('.cell').first().waitFor();
    return await page.locator('.cell').allInnerTexts();
  }
});

function packWithOddNames(): ReturnType<typeof largePack> {
  const pack = largePack(COUNT, { classes: 40, boxesEach: 6 });
  const { images, classes } = pack.facts;
  const names = images.names.map((name, i) => (i === 1 ? `${MARKUP}.jpg` : i === 2 ? 'a-long-name-'.repeat(20) : name));
  return {
    ...pack,
    facts: {
      ...pack.facts,
      images: { ...images, names },
      classes: classes.map((one, i) => (i === 1 ? { ...one, name: `${MARKUP} class` } : one)),
      failures: [
        { id: FAILED, name: 'broken.jpg', code: 'IMAGE_UNDECODABLE', message: 'broken.jpg: the file ends early.' },
      ],
    },
  };
}
