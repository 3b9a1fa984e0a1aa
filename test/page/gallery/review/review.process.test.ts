import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OutputLock } from '../../../../src/run/lock/output-lock.js';
import { readReview } from '../../../../src/run/review/read-review.js';
import { findAccessibilityProblems } from '../../../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../../../support/clients/browser.js';
import { thumbnailShown } from '../../../support/review/editor-page.js';
import { runScenes, TestReview } from '../../../support/review/review-server.js';
import { canMount, resizeDisk, smallDisk } from '../../../support/system/disk.js';

describeInBrowser('the gallery of preannotate review, over a run of the sample scenes,', () => {
  let browser: Browser;
  let folder: string;
  let out: string;
  let review: TestReview;

  beforeAll(async () => {
    browser = await openBrowser();
    folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    out = await runScenes(folder);
    review = await TestReview.opened(out);
  });
  afterAll(async () => {
    await browser.close();
    await review[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows the images and boxes of the run, without the token in its address', async () => {
    const visitor = await Visitor.at(review.link, browser);
    const { page } = visitor;
    await loaded(page);
    expect(page.url()).toBe(`${review.origin}/`);
    const { facts, boxes } = await review.pack();
    expect(await page.locator('.toolbar [role=status]').innerText()).toBe(`${facts.images.ids.length} images`);
    expect(await page.locator('.class .words').allInnerTexts()).toEqual(facts.classes.map(({ name }) => name));
    const first = page.locator('.cell').first();
    expect(await first.locator('.name').innerText()).toBe(facts.images.names[0]);
    expect(boxes.scores.length).toBeGreaterThan(0);
    const width = `document.querySelector('.cell img')?.naturalWidth ?? 0`;
    await expect.poll(() => visitor.evaluate<number>(width), { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(visitor.complaints).toEqual([]);
    expect(visitor.requested.every((url) => url.startsWith(review.origin))).toBe(true);
    await visitor.close();
  });

  it('accepts an image with the keyboard alone, and says that it is saved once it is on disk', async () => {
    const visitor = await Visitor.at(review.link, browser);
    const { page } = visitor;
    await loaded(page);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter'); // skips to the images
    await page.locator('.cell:focus').waitFor();
    const shown = Number.parseInt(await page.locator('.cell:focus .count').innerText());
    await thumbnailShown(page);
    await page.keyboard.press(' ');
    await page.locator('.cell.is-accepted').waitFor();
    await page.locator('.save-status.is-saved').waitFor();
    const { facts } = await review.pack();
    const decided = (await readReview(out)).get(facts.images.names[0]!)!;
    expect(decided.state).toBe('accepted');
    expect(decided.boxes).toHaveLength(shown);
    expect(decided.boxes.every(({ status }) => status === 'kept')).toBe(true);
    await page.reload();
    await page.locator('.cell.is-accepted').waitFor();
    await visitor.close();
  });

  it('keeps what is decided while the command is stopped, and saves it when it runs again', async () => {
    const visitor = await Visitor.at(review.link, browser);
    const { page } = visitor;
    await loaded(page);
    const { port } = new URL(review.origin);
    await page.locator('.cell').nth(1).focus();
    await thumbnailShown(page);
    await review[Symbol.asyncDispose]();
    await page.keyboard.press(' ');
    await page.getByText('1 not saved').waitFor();
    await page.getByRole('alert').getByText('The server does not answer').waitFor();

    review = await TestReview.opened(out, ['--port', port]);
    const opened = await page.context().newPage(); // with the link that is printed now
    await opened.goto(review.link);
    await page.locator('.save-status.is-saved').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    const lines = (await readFile(join(out, 'review.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.filter((line) => line.includes('"accepted"')).length).toBeGreaterThanOrEqual(2);
    await visitor.close();
  });

  it('says that the review has a new link where its secrets are others, and goes on once that is opened', async () => {
    const visitor = await Visitor.at(review.link, browser);
    const { page } = visitor;
    await loaded(page);
    const { port } = new URL(review.origin);
    await review[Symbol.asyncDispose]();
    await rm(join(out, '.preannotate/review-link.json'));
    review = await TestReview.opened(out, ['--port', port]);
    await page.getByRole('alert').getByText('Open the link that `preannotate review` printed last').waitFor();
    const opened = await page.context().newPage();
    await opened.goto(review.link);
    await page.getByRole('alert').waitFor({ state: 'detached' });
    await visitor.close();
  });

  it('shows where the run, its images and its ontology are, and where its thresholds come from', async () => {
    const visitor = await Visitor.at(review.link, browser);
    const { page } = visitor;
    await loaded(page);
    await page.getByRole('button', { name: 'About this run' }).click();
    const facts = await page.getByRole('dialog').locator('dl > div').allInnerTexts();
    const valueOf = (label: string) =>
      facts
        .find((one) => one.startsWith(label))
        ?.slice(label.length)
        .trim();
    expect(valueOf('Output folder')).toBe(out);
    expect(valueOf('Images\n')).toBe(join(folder, 'photos'));
    expect(valueOf('Ontology')).toContain('belongs to the package');
    expect(valueOf('Thresholds')).toBe('0.35 by the ontology');
    await visitor.close();
  });

  it('keeps what is decided while a run has the folder, says so, and saves it when the run has ended', async () => {
    const visitor = await Visitor.at(review.link, browser);
    const { page } = visitor;
    await loaded(page);
    const { port } = new URL(review.origin);
    for (const nth of [3, 2]) {
      await page.locator('.cell').nth(nth).focus();
      await thumbnailShown(page);
    }
    await review.stopped();
    const lock = await OutputLock.take(out);
    await page.keyboard.press(' ');
    await page.locator('.cell').nth(3).focus();
    await page.keyboard.press(' ');

    const restart = async () => {
      review = await TestReview.opened(out, ['--port', port]);
      await (await page.context().newPage()).goto(review.link);
    };
    await restart();
    await page.getByRole('alert').getByText('A run is writing into the folder').waitFor();
    await page.getByText('2 not saved').waitFor();
    await lock[Symbol.asyncDispose]();
    await review.stopped();
    await restart();
    await page.locator('.save-status.is-saved').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
    const { facts } = await review.pack();
    const saved = await readReview(out);
    expect([2, 3].map((index) => saved.get(facts.images.names[index]!)?.state)).toEqual(['accepted', 'accepted']);
    await visitor.close();
  });

  it.skipIf(!canMount)(
    'says that the disk is full in the words of the server, and saves once there is room',
    async () => {
      const disk = await smallDisk('8m');
      const small = join(disk, 'drafts');
      await cp(out, small, { recursive: true, filter: (path) => !/review\.json|\.preannotate\/lock/.test(path) });
      await using full = await TestReview.opened(small, ['--images-root', join(folder, 'photos')]);
      const visitor = await Visitor.at(full.link, browser);
      const { page } = visitor;
      await loaded(page);
      await page.locator('.cell').first().focus();
      await thumbnailShown(page);
      await writeFile(join(disk, 'filler'), Buffer.alloc(16 << 20)).catch(() => {});
      for (let i = 0; i < 40; i++) await page.keyboard.press(' '); // what fits into the last block is saved
      await page.getByRole('alert').getByText('review.jsonl').waitFor();
      expect(await page.getByText('The server does not answer').count()).toBe(0);
      resizeDisk(disk, '64m');
      await page.locator('.save-status.is-saved').waitFor();
      await page.getByRole('alert').waitFor({ state: 'detached' });
      await visitor.close();
    },
  );
});

async function loaded(page: Page): Promise<void> {
  await page.locator('.cell').first().waitFor();
}
