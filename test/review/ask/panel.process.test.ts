import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findAccessibilityProblems } from '../../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../../support/clients/browser.js';
import { annotateToAsk, ONTOLOGY } from '../../support/review/asked-run.js';
import { thumbnailShown, untilSaved } from '../../support/review/editor-page.js';
import { ReviewCommand } from '../../support/review/review-command.js';

/** The boxes that a choice says it gives. */
async function countIn(choice: Locator): Promise<number> {
  const text = await choice.locator('xpath=..').innerText();
  return Number(/: (\d+) boxes/.exec(text)?.[1]);
}

/** Boxes of the run that its views show. */
async function countShown(out: string): Promise<number> {
  const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as { annotations: unknown[] };
  return coco.annotations.length;
}

describeInBrowser('asking on the review page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('answers a prompt over all images and keeps it, by keys alone', async () => {
    const { out, ontology } = await annotateToAsk();
    await using review = await ReviewCommand.start(out);
    const visitor = await Visitor.at(review.link, browser, { viewport: { width: 1280, height: 900 } });
    const { page } = visitor;
    const ask = page.getByRole('region', { name: 'Ask all images' });
    await ask.getByLabel('What to find').focus();
    await page.keyboard.type('a photo of a cup');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('<b>cake</b>');
    await page.keyboard.press('Enter');
    await ask.getByText(/^\d+ box(es)? in \d of 4 images/).waitFor();
    await ask.getByText('<b>cake</b>', { exact: true }).waitFor(); // as text
    expect(await findAccessibilityProblems(page)).toEqual([]);

    const slider = ask.getByRole('slider', { name: 'Threshold of the answer: a photo of a cup' });
    await slider.focus();
    await page.keyboard.press('End');
    await ask.getByText(/^no boxes in 0 of 4 images/).waitFor();
    await page.keyboard.press('Home');
    await ask.getByText(/^[1-9]\d* box(es)? in [1-4] of 4 images/).waitFor();

    // With a pointer, from one field to another: what is typed stays there, and is no key of the grid.
    await page.getByLabel('Name contains').click();
    await page.keyboard.type('scene');
    await ask.getByLabel('What to find').click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('a photo of a cup');
    expect(await ask.getByLabel('What to find').inputValue()).toBe('a photo of a cup');
    await page.keyboard.press('Enter');
    await expect.poll(() => ask.getByRole('slider').count()).toBe(1);
    await ask.getByLabel('Keep as class').focus();
    await ask.getByLabel('Keep as class').fill('cup');
    await ask.getByText('A new class is added').waitFor();
    await page.keyboard.press('Enter');
    await ask.getByText(/Added to .*table\.yaml: the class “cup” with the prompt “a photo of a cup”\./).waitFor();
    expect(await readFile(ontology, 'utf8')).toContain('name: cup\n    prompts: [a photo of a cup]\n');
    await page.getByRole('slider', { name: 'Threshold of cup' }).waitFor(); // of the run, as it is now
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(visitor.complaints).toEqual([]);
    await visitor.page.context().close();
  });

  it('finds what is like the selected box, and shows refusals', async () => {
    const { out, ontology } = await annotateToAsk();
    await using review = await ReviewCommand.start(out);
    const visitor = await Visitor.at(review.link, browser, { viewport: { width: 1280, height: 900 } });
    const { page } = visitor;
    const ask = page.getByRole('region', { name: 'Ask all images' });
    const like = ask.getByRole('button', { name: 'More like the selected box' });
    expect(await like.isDisabled()).toBe(true);
    await page.locator('.cell').first().dblclick();
    const stage = page.getByRole('application');
    await stage.focus();
    await page.keyboard.press('j');
    await expect.poll(() => like.isEnabled()).toBe(true);
    await like.click();
    await ask.getByText(/^[1-9]\d* boxes in [1-4] of 4 images/).waitFor();
    expect(await page.locator('.answer-shapes rect').count()).toBeGreaterThan(0);
    expect(await findAccessibilityProblems(page)).toEqual([]);

    await ask.getByText('Dashed boxes in the picture are what was found').waitFor();
    await ask.getByRole('button', { name: /^Show the [1-4] images?$/ }).click();
    const found = page.locator('.cell:focus');
    await thumbnailShown(page);
    await page.keyboard.press(' ');
    await page.locator('.cell.is-accepted:focus').waitFor();
    const [count, state] = [found.locator('.count'), found.locator('.state')];
    expect(await count.innerText()).toMatch(/^\d+ found, best 0\.\d\d$|^\d+ found, best 1\.00$/);
    const { x, width } = (await count.boundingBox())!;
    expect(x + width).toBeLessThan((await state.boundingBox())!.x);
    await page.keyboard.press('z');
    await page.locator('.cell.is-accepted').waitFor({ state: 'detached' });
    await untilSaved(visitor);

    // An example of a class whose threshold is lower: it is raised, unless one chooses otherwise.
    await ask.getByLabel('Keep as class').fill('bottle');
    const raised = ask.getByRole('radio', { name: /^0\.8, as of the answer: \d+ boxes \(now \d+\)/ });
    await raised.waitFor();
    expect(await raised.isChecked()).toBe(true);
    const asItIs = ask.getByRole('radio', { name: /^0\.1, as it is: \d+ boxes/ });
    const present = /whole class: at 0\.8, its present prompts find (1 box|(?!1 )\d+ boxes) \(now (\d+)\)/;
    const [, then, now] = present.exec(await ask.getByText(present).innerText())!;
    expect(parseInt(then!)).toBeLessThan(Number(now));
    expect(await countIn(asItIs)).toBeGreaterThan(await countIn(raised));
    expect(await findAccessibilityProblems(page)).toEqual([]);
    const expected = await countIn(raised);
    await ask.getByRole('button', { name: 'Keep' }).click();
    await ask
      .getByText(/table\.yaml: the example in scene-01\.jpg and the threshold 0\.8 for the class “bottle”\./)
      .waitFor();
    expect(await readFile(ontology, 'utf8')).toContain('threshold: 0.8\n');
    expect(await countShown(out)).toBe(expected);
    await ask.getByText('Taking it back is possible until').waitFor();
    await page.reload();
    await ask.getByRole('button', { name: 'Take it back' }).click();
    const taken = ask.getByText(/^Taken back: the example in .* for the class “bottle”\. .*table\.yaml is as it was/);
    await taken.waitFor();
    expect(await readFile(ontology, 'utf8')).toBe(ONTOLOGY);
    expect(await findAccessibilityProblems(page)).toEqual([]);
    await ask.getByRole('button', { name: 'Dismiss' }).click();
    await taken.waitFor({ state: 'detached' });
    await page.reload();
    await ask.getByLabel('What to find').waitFor();
    expect(await review.json('/api/ask/keep')).toEqual({ is: 'idle' });
    expect(await taken.count()).toBe(0);

    await ask.getByLabel('What to find').fill('so '.repeat(30));
    await page.keyboard.press('Enter');
    const refused = ask.getByText('is 62 tokens long, the model reads 16');
    await refused.waitFor();
    await ask.getByLabel('What to find').fill('so');
    await refused.waitFor({ state: 'detached' });
    expect(await readFile(ontology, 'utf8')).toBe(ONTOLOGY);
    await visitor.page.context().close();
  });

  it('says what storing features takes, and the command, where there are none', async () => {
    const { out } = await annotateToAsk(() => ['--class', 'cat']);
    await using review = await ReviewCommand.start(out);
    const visitor = await Visitor.at(review.link, browser, { viewport: { width: 360, height: 700 } });
    const { page } = visitor;
    await page.getByRole('button', { name: /Filters/ }).click();
    const ask = page.getByRole('region', { name: 'Ask all images' });
    await ask.getByText(/The features of 4 images take/).waitFor();
    expect(await ask.getByRole('group', { name: 'Command' }).innerText()).toContain('--features features');
    expect(await findAccessibilityProblems(page)).toEqual([]);
    expect(visitor.complaints).toEqual([]);
    await visitor.page.context().close();
  });
});
