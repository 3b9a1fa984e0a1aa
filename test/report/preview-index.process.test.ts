import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { findAccessibilityProblems } from '../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../support/clients/browser.js';

const MARKUP = 'a <b>& #1.jpg';

let folder: string;
let out: string;

/** Three of four images have previews. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  out = join(folder, 'run');
  await mkdir(join(folder, 'photos'));
  for (const [i, name] of [MARKUP, 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg'].entries())
    await copyFile(join(SCENES, `scene-0${i + 1}.jpg`), join(folder, 'photos', name));
  await preannotate(['run', join(folder, 'photos'), ...EMOJI, '--out', out, '--preview=3']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const indexOf = (of: string) => readFile(join(of, 'previews/index.html'), 'utf8');

it('run and export write the same page over the previews, and it follows the thresholds of an export', async () => {
  const first = await indexOf(out);
  expect(first).not.toContain(folder);
  expect((await preannotate(['export', out])).code).toBe(0);
  expect((await indexOf(out)) === first).toBe(true);
  const other = join(folder, 'other');
  await preannotate(['run', join(folder, 'photos'), ...EMOJI, '--out', other]);
  await preannotate(['export', other, '--preview=3', '--score-threshold', '0.9']);
  expect((await indexOf(other)) === first).toBe(false);
  await preannotate(['export', other, '--preview=3', '--score-threshold', '0.05']);
  expect((await indexOf(other)) === first).toBe(false);
});

describeInBrowser('the page over the previews, from disk and offline', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  async function open(at = ''): Promise<Visitor> {
    const url = pathToFileURL(join(out, 'previews/index.html')).href + at;
    const visitor = await Visitor.at(url, browser, { offline: true });
    await visitor.page.locator('header h1').waitFor();
    return visitor;
  }

  it('shows the pictures beside it, which have their boxes, and draws none over them', async () => {
    const visitor = await open();
    const { page } = visitor;
    await page.getByText('Boxes are drawn into these pictures').waitFor();
    const loaded = '[...document.images].filter(({ naturalWidth }) => naturalWidth > 0).length';
    await expect.poll(() => visitor.evaluate(loaded), { timeout: 20_000 }).toBe(3);
    expect(await page.getByRole('gridcell').count()).toBe(3);
    expect(await visitor.evaluate('document.images[0].src')).toMatch(/previews\/a%20%3Cb%3E%26%20%231\.jpg$/);
    expect(await page.locator('.thumbnail svg').first().isVisible()).toBe(false);
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(visitor.complaints).toEqual([]);
  });

  it('filters by class', async () => {
    const { page } = await open();
    await page.getByRole('gridcell').nth(2).waitFor();
    await page.getByRole('checkbox', { name: /^pizza/ }).check();
    await expect.poll(() => page.getByRole('gridcell').count()).toBe(1);
    expect(await page.getByRole('gridcell').innerText()).toContain('scene-02.jpg');
  });

  it('shows a preview whole, and outlines a box that is selected', async () => {
    const visitor = await open();
    const { page } = visitor;
    await page.getByRole('gridcell').filter({ hasText: 'scene-02' }).click();
    await page.locator('.editor img[src$="scene-02.jpg"]').waitFor({ state: 'attached' });
    const shown = () => page.locator('.editor .overlay .box:visible').count();
    expect(await page.locator('.editor .overlay .box').count()).toBeGreaterThan(0);
    await expect.poll(shown).toBe(0);
    await page.keyboard.press('j');
    await page.locator('.editor .overlay .box.selected').waitFor();
    expect(await shown()).toBe(1);
    expect(visitor.complaints).toEqual([]);
  });
});
