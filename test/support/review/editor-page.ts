import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Detection } from '../../../src/core/detection.js';
import { Visitor } from '../clients/browser.js';

/** A box of a model for a pack: its score is its place in the list. */
export function detectionOf(patchId: number, classId: number, given: Pick<Detection, 'score' | 'box'>): Detection {
  return { patchId, classId, queryId: classId, ...given };
}

/** Opens an image of a review page, and waits until it is drawn. */
export async function openImage(url: string, id: number, browser: Browser, options: BrowserContextOptions = {}) {
  const visitor = await Visitor.at(`${url}#image=${id}`, browser, options);
  await visitor.page.locator('.editor .picture:not(.not-shown), .editor .frame.failed').first().waitFor();
  return visitor;
}

/** Opens the first image from the grid of a review, and waits until it is drawn. */
export async function openFirst(link: string, browser: Browser): Promise<Visitor> {
  const visitor = await Visitor.at(link, browser);
  visitor.page.setDefaultTimeout(30_000);
  await visitor.page.locator('.cell').first().click();
  await visitor.page.locator('.picture:not(.not-shown)').waitFor();
  return visitor;
}

/** Presses keys one after the other, as a person does: each after the page has answered the one before. */
export async function press({ page }: Visitor, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

/** Waits until the picture of the focused cell of the grid is there to be seen. */
export async function thumbnailShown(page: Page): Promise<void> {
  await page.locator('.cell:focus .thumbnail[aria-busy="false"]').waitFor();
}

/** Waits until the server has confirmed everything. */
export async function untilSaved({ page }: Visitor): Promise<void> {
  await page.locator('.save-status', { hasText: 'All saved' }).waitFor();
}

/** Classes and states of the listed boxes: `cup draft`. */
export async function listed({ page }: Visitor): Promise<string[]> {
  const words = await page.locator('.box-list .option .words b').allInnerTexts();
  const states = await page.locator('.box-list .option .status').allInnerTexts();
  return words.map((word, i) => `${word} ${states[i]!.trim().split(/\s+/).at(-1)!}`);
}

/** What screen readers were told last. */
export async function said({ page }: Visitor): Promise<string> {
  return (await page.locator('.announcements [role=status]').innerText()).trim();
}
