import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { preannotate } from '../support/cli.js';
import { findAccessibilityProblems } from '../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../support/clients/browser.js';
import { annotateToAsk, type AskedRun } from '../support/review/asked-run.js';
import { ReviewCommand } from '../support/review/review-command.js';
import { TestServer } from '../support/server.js';

/** A state of a page, and how it is reached from the one before. */
type State = readonly [title: string, reach: (page: Page) => Promise<unknown>];

const openSide = async (page: Page) => {
  const opener = page.getByRole('button', { name: 'Filters' });
  if (await opener.isVisible()) await opener.click();
  await page.locator('.histogram').first().waitFor();
};
const closeSide = async (page: Page) => {
  const opener = page.getByRole('button', { name: 'Filters', expanded: true });
  if (await opener.isVisible()) await opener.click();
};
const openPanel = async (page: Page) => {
  const menu = page.getByRole('button', { name: 'Menu' });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole('button', { name: 'About this run' }).click();
  await page.getByRole('dialog').waitFor();
};
const openFirst = async (page: Page) => {
  await page.locator('.cell').first().click();
  await page.locator('.editor .label').first().waitFor({ state: 'attached' }); // hidden where previews have their own
};
const selectBox = async (page: Page) => {
  await page.locator('.stage').focus();
  await page.keyboard.press('j');
  await page.locator('.editor .box.selected').waitFor({ state: 'attached' });
};
const openKeys = async (page: Page) => {
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
};
const openClasses = async (page: Page) => {
  await page.keyboard.press('c');
  await page.getByRole('listbox', { name: 'Classes' }).waitFor();
};
const closeDialog = (page: Page) => page.keyboard.press('Escape');

const GALLERY: readonly State[] = [
  ['the grid', (page) => page.locator('.cell img').first().waitFor()],
  ['filters and histograms', openSide],
  ['facts of the run', (page) => closeSide(page).then(() => openPanel(page))],
  ['the keys', (page) => closeDialog(page).then(() => openKeys(page))],
  ['an image with boxes', (page) => closeDialog(page).then(() => openFirst(page))],
  ['a selected box', selectBox],
];

const REVIEW: readonly State[] = [
  ...GALLERY,
  ['a choice of class', openClasses],
  [
    'a rejected box',
    async (page) => {
      await closeDialog(page);
      for (const key of ['x', 'g', 'k']) await page.keyboard.press(key);
      await page.locator('.editor .box.rejected').waitFor({ state: 'attached' });
      await page.getByText('All saved').waitFor({ state: 'attached' });
    },
  ],
  [
    'more like a box',
    async (page) => {
      await page.keyboard.press('x'); // restores it
      await openSide(page);
      await page.getByRole('button', { name: 'More like the selected box' }).click();
      await page.locator('.answer .class').first().waitFor();
    },
  ],
  [
    'keeping an answer',
    async (page) => {
      await page.getByLabel('Keep as class').fill('bottle');
      await page.locator('.forecast').getByText('boxes').first().waitFor();
    },
  ],
  [
    'a question that is refused',
    async (page) => {
      await page.getByLabel('What to find').fill('so '.repeat(30));
      await page.getByLabel('What to find').press('Enter');
      await page.locator('.ask .problem').waitFor();
    },
  ],
  [
    'a server that does not answer',
    async (page) => {
      await closeSide(page);
      await page.context().setOffline(true);
      await page.locator('.stage').focus();
      await page.keyboard.press('y');
      await page.getByRole('alert').getByText('Not saved yet').waitFor();
    },
  ],
];

const REPORT: readonly State[] = [
  ...GALLERY,
  [
    'the images that failed',
    async (page) => {
      await closeDialog(page);
      await closeDialog(page);
      await openSide(page);
      await page.getByLabel('State').selectOption('failed');
      await closeSide(page);
      await page.locator('.failures').waitFor();
    },
  ],
  ['the evaluation', (page) => openPanel(page).then(() => page.getByText('How good it is').waitFor())],
];

const SERVE: readonly State[] = [
  ['no image', (page) => page.getByRole('status').getByText('Ready').waitFor()],
  [
    'a result',
    async (page) => {
      await page.getByRole('button', { name: 'Example 1' }).click();
      await page.getByRole('status').getByText('found').waitFor();
      await page.locator('.option').first().click();
    },
  ],
  [
    'an enlarged picture',
    async (page) => {
      await page.getByRole('button', { name: 'Zoom in' }).click();
      await page.getByText('150 %').waitFor();
    },
  ],
  [
    'an error',
    async (page) => {
      await page.locator('#prompts').fill('mug: []\n');
      await page.getByRole('button', { name: 'Run again' }).click();
      await page.locator('#problem').waitFor();
    },
  ],
];

describeInBrowser('axe-core finds no problem, and nothing is wider than the window,', () => {
  let browser: Browser;
  let run: AskedRun;
  let review: ReviewCommand;
  let server: TestServer;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    [browser, run, server] = await Promise.all([openBrowser(), annotate(folder), TestServer.ready()]);
    const written = await preannotate(['report', run.out, '--truth', join(run.out, 'coco/instances.json')]);
    expect(written.code, written.stderr).toBe(0);
    review = await ReviewCommand.start(run.out);
  });
  afterAll(async () => {
    await Promise.all([browser.close(), review[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
    await rm(run.folder, { recursive: true });
  });

  const fileUrl = (name: string) => pathToFileURL(join(run.out, name)).href;
  const PAGES: readonly (readonly [title: string, url: () => string, states: readonly State[]])[] = [
    ['review', () => review.link, REVIEW],
    ['a report', () => fileUrl('report.html'), REPORT],
    ['previews/index.html', () => fileUrl('previews/index.html'), GALLERY],
    ['serve', () => server.url, SERVE],
  ];
  const CASES = PAGES.flatMap(([title, url, states]) =>
    [320, 1280].map((width) => [title, width, url, states] as const),
  );

  it.each(CASES)('on the page of %s, at %i pixels', async (_, width, url, states) => {
    const visitor = await Visitor.at(url(), browser, { viewport: { width, height: 800 } });
    const { page } = visitor;
    for (const [title, reach] of states) {
      await reach(page);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect.soft(await findAccessibilityProblems(page), `${title}, ${colorScheme}`).toEqual([]);
      }
      expect.soft(await visitor.evaluate('document.documentElement.scrollWidth'), title).toBeLessThanOrEqual(width);
    }
    await visitor.close();
  });
});

/** With features to ask, previews, and an image that failed. */
async function annotate(folder: string): Promise<AskedRun> {
  await mkdir(join(folder, 'images'));
  await writeFile(join(folder, 'images', 'broken.jpg'), 'no image');
  const stored = ['--ontology', join(folder, 'table.yaml'), '--features', join(folder, 'features')];
  return await annotateToAsk(() => [...stored, '--preview=4', '--max-errors', '1'], folder);
}
