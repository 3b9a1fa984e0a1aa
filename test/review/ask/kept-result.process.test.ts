import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReview } from '../../../src/run/review/read-review.js';
import { findAccessibilityProblems } from '../../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../../support/clients/browser.js';
import { annotateToAsk, ONTOLOGY, untilKept } from '../../support/review/asked-run.js';
import { ReviewCommand } from '../../support/review/review-command.js';

const CUP = { question: { prompts: ['a photo of a cup'] }, class: 'cup' };
const WARNING =
  /^“cup” can be taken back only until this review ends, because .*kept-result\.json could not be written: /;

/** A run in which what is kept cannot be noted for the next review: a folder is in the place of the file. */
async function withoutRoomForKept() {
  const run = await annotateToAsk();
  const place = join(run.out, '.preannotate/kept-result.json');
  await mkdir(place);
  await writeFile(join(place, 'note'), '');
  return run;
}

it('a result that cannot be noted for later reviews is kept, with a warning, and can be taken back now', async () => {
  const { out, ontology } = await withoutRoomForKept();
  const accept = { image: 2, changes: [{ op: 'state', state: 'accepted' }] };
  {
    await using review = await ReviewCommand.start(out);
    expect((await review.post('/api/decisions', accept)).status).toBe(200);
    await review.post('/api/ask/keep', CUP);
    const warning: unknown = expect.stringMatching(WARNING);
    expect(await untilKept(review)).toMatchObject({ is: 'done', canTakeBack: true, warning });
    expect(review.running.stderr).toMatch(new RegExp(WARNING.source, 'm'));
    expect(await readFile(ontology, 'utf8')).toContain('name: cup');
    await review.post('/api/ask/take-back', {});
    const taken = await untilKept(review);
    expect(taken).toMatchObject({ is: 'done', isBack: true, canTakeBack: false });
    expect(taken).not.toHaveProperty('warning');
    expect(await readFile(ontology, 'utf8')).toBe(ONTOLOGY);
    await review.post('/api/ask/keep', CUP);
    expect(await untilKept(review)).toMatchObject({ is: 'done', warning });
  }
  await using next = await ReviewCommand.start(out);
  expect(await untilKept(next)).toEqual({ is: 'idle' });
  expect(await readFile(ontology, 'utf8')).toContain('name: cup');
  expect((await readReview(out)).get('scene-02.jpg')).toMatchObject({ state: 'accepted' });
  const drafts = (await readdir(join(out, '.preannotate'))).filter((name) => name.startsWith('kept-result.json-'));
  expect(drafts).toEqual([]);
});

describeInBrowser('the review page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('shows that a kept result can be taken back only now, and why', async () => {
    const { out } = await withoutRoomForKept();
    await using review = await ReviewCommand.start(out);
    await review.post('/api/ask/keep', CUP);
    await untilKept(review);
    const { page } = await Visitor.at(review.link, browser, { viewport: { width: 1280, height: 900 } });
    await page.getByRole('alert').filter({ hasText: 'kept-result.json could not be written: ' }).waitFor();
    await page.getByRole('button', { name: 'Take it back' }).waitFor();
    expect(await findAccessibilityProblems(page)).toEqual([]);
    await page.context().close();
  });
});
