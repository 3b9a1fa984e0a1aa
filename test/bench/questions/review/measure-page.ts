import { performance } from 'node:perf_hooks';
import type { Browser, Page } from 'playwright-core';

/** Milliseconds until what was asked for is drawn. */
export interface PageTimes {
  readonly paint: number; // the first, from the moment at which the page is asked for
  readonly first: number; // images
  readonly whole: number; // with all that comes with it
  readonly text: number; // a filter by text in names
  readonly classes: number; // a filter by class
  readonly threshold: number; // a threshold that is moved, for the cells in view
  readonly counts: number; // the same, for the counts of all images
  readonly sort: number; // by uncertainty
  readonly longest: number; // time in which the page could not answer to a key, while all of this was done
}

const SEARCH = `document.querySelector('input[type=search]')`;
const STATUS = `document.querySelector('.toolbar [role=status]').textContent`;
const COUNT = `document.querySelector('.class .numbers').textContent`;
const FIRST = `document.querySelector('.cell').textContent`;
const PAINT = `performance.getEntriesByName('first-contentful-paint')[0].startTime`;
const setValue = (element: string, value: string, event: string) =>
  `${element}.value = '${value}'; ${element}.dispatchEvent(new Event('${event}', { bubbles: true }))`;

/** Opens the page of a review or a report, and uses it. Each figure is the median (the lower one) of four. */
export async function measurePage(browser: Browser, url: string): Promise<PageTimes> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const start = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator('.cell').first().waitFor();
  const first = performance.now() - start;
  await page.waitForLoadState();
  const whole = performance.now() - start;
  const paint = await page.evaluate<number>(PAINT);
  await page.locator('.class .numbers').first().waitFor();
  await page.evaluate(WATCH);
  const times = {
    text: await timeOf(page, [setValue(SEARCH, '7', 'input'), setValue(SEARCH, '', 'input')], STATUS),
    classes: await timeOf(page, [`document.querySelector('.class input').click()`], STATUS),
    threshold: await timeOf(page, [press('PageUp'), press('PageDown')], `document.querySelector('output').textContent`),
    counts: await timeOf(page, [press('PageUp'), press('PageDown')], COUNT),
    sort: await timeOf(
      page,
      ['uncertainty', 'name'].map((by) => setValue(`document.querySelector('.sort select')`, by, 'change')),
      FIRST,
    ),
  };
  const longest = await page.evaluate<number>('globalThis.longestTask');
  return { paint, first, whole, ...times, longest };
}

/** Does the actions in turn, and waits each time until a text has changed and is drawn. */
async function timeOf(page: Page, actions: readonly string[], text: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 4; i++) {
    times.push(
      await page.evaluate<number>(`(async () => {
        const before = ${text};
        const start = performance.now();
        ${actions[i % actions.length]!};
        while (${text} === before && performance.now() < start + 20000) await new Promise((r) => setTimeout(r));
        await new Promise((r) => requestAnimationFrame(r));
        return performance.now() - start;
      })()`),
    );
  }
  return times.sort((a, b) => a - b)[1]!;
}

function press(key: string): string {
  const event = `new KeyboardEvent('keydown', { key: '${key}', bubbles: true, cancelable: true })`;
  return `document.querySelector('.histogram').dispatchEvent(${event})`;
}

const WATCH = `(() => {
  globalThis.longestTask = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    globalThis.longestTask = Math.max(globalThis.longestTask, now - last);
    last = now;
  });
})()`;
