import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AskState, KeepState } from '../../../src/core/gallery/ask.js';
import { decodePack } from '../../../src/core/gallery/pack.js';
import { findAccessibilityProblems } from '../../support/clients/axe.js';
import { describeInBrowser, openBrowser, Visitor } from '../../support/clients/browser.js';
import { annotateToAsk, untilKept } from '../../support/review/asked-run.js';
import { recordsOf } from '../../support/review/records.js';
import { ReviewCommand } from '../../support/review/review-command.js';
import { temporaryFolder } from '../../support/temporary.js';

const CUP = { prompts: ['a photo of a cup'] };
const SHORT = '# on the table\r\na photo of a bottle: bottle # of glass\r\n\r\n# the end\r\n';

/** A run with an ontology in another form than the full one. */
async function annotateWith(name: string, text: string) {
  const folder = await temporaryFolder();
  const file = join(folder, name);
  await writeFile(file, text);
  const run = await annotateToAsk(() => ['--ontology', file, '--features', join(folder, 'features')], folder);
  return { ...run, file };
}

async function classesOf(review: ReviewCommand) {
  return decodePack(new Uint8Array(await (await review.get('/api/pack')).arrayBuffer())).facts.classes;
}

describe('an ontology in short form', () => {
  it('stays for a prompt, is written in full for a threshold, with comments, and taken back to the byte', async () => {
    const { out, file } = await annotateWith('short.yaml', SHORT);
    await using review = await ReviewCommand.start(out);
    const { ask } = await review.json<{ ask: AskState }>('/api/state');
    expect(ask).toMatchObject({ isReady: true, ontology: { name: file, form: 'short' } });
    await review.post('/api/ask/keep', { question: CUP, class: 'cup' });
    expect(await untilKept(review)).toMatchObject({ is: 'done' });
    expect(await readFile(file, 'utf8')).toBe(SHORT.replace('glass\r\n', 'glass\r\na photo of a cup: cup\r\n'));
    await review.post('/api/ask/take-back', {});
    expect(await untilKept(review)).toMatchObject({ is: 'done', isBack: true });

    expect((await review.post('/api/ask/keep', { question: CUP, class: 'bottle', threshold: 0.6 })).status).toBe(202);
    expect(await untilKept(review)).toMatchObject({ is: 'done' });
    const full =
      '# on the table\n\nclasses:\n  - name: bottle\n    threshold: 0.6\n    prompts:\n' +
      '      - a photo of a bottle # of glass\n      - a photo of a cup\n\n  # the end\n';
    const written = await readFile(file, 'utf8');
    expect(written.replaceAll('\r\n', '\n').split('\n').filter(Boolean)).toEqual(full.split('\n').filter(Boolean));
    expect(written.replaceAll('\r\n', '')).not.toContain('\n');
    expect(await readFile(`${file}.bak`, 'utf8')).toBe(SHORT);
    expect(await classesOf(review)).toEqual([{ name: 'bottle', threshold: 0.6 }]);
    expect((await review.post('/api/ask/take-back', {})).status).toBe(202);
    expect(await untilKept(review)).toMatchObject({ is: 'done', isBack: true });
    expect(await readFile(file, 'utf8')).toBe(SHORT);
    await expect(stat(`${file}.bak`)).rejects.toThrow('ENOENT');
  });

  it('as a list of names takes an example', async () => {
    const { out, file } = await annotateWith('classes.txt', '# names\nbottle\n');
    const [best] = (await recordsOf(out)).flatMap(({ detections }) => detections.map(({ box }) => box));
    await using review = await ReviewCommand.start(out);
    const question = { like: { image: 1, box: best } };
    expect((await review.post('/api/ask/keep', { question, class: 'like it', threshold: 0.8 })).status).toBe(202);
    expect(await untilKept(review)).toMatchObject({ is: 'done' });
    const text = await readFile(file, 'utf8');
    expect(text).toContain('# names\nclasses:\n  - bottle\n  - name: like it\n    examples: [{ image: ');
    expect(text).toContain('    threshold: 0.8\n');
    expect(await classesOf(review)).toMatchObject([{ name: 'bottle' }, { name: 'like it', threshold: 0.8 }]);
  });
});

it('the data.yaml of a YOLO data set is not changed: the ontology to save is shown', async () => {
  const text = 'names: [bottle]\nnc: 1\ntrain: images\n';
  const { out, file } = await annotateWith('data.yaml', text);
  await using review = await ReviewCommand.start(out);
  const answer = await review.post('/api/ask/keep', { question: CUP, class: 'cup', threshold: 0.6 });
  const state = (await answer.json()) as Extract<KeepState, { is: 'manual' }>;
  expect(state).toMatchObject({ is: 'manual', reason: expect.stringContaining('YOLO data set') as string });
  expect(state.yaml).toContain('name: cup');
  expect(await readFile(file, 'utf8')).toBe(text);
});

describeInBrowser('the review page of a run with an ontology in short form', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  it('says before Keep that the file is rewritten, where a threshold was moved, and keeps the result', async () => {
    const { out, file } = await annotateWith('short.yaml', SHORT);
    await using review = await ReviewCommand.start(out);
    const visitor = await Visitor.at(review.link, browser, { viewport: { width: 1280, height: 900 } });
    const ask = visitor.page.getByRole('region', { name: 'Ask all images' });
    await ask.getByLabel('What to find').fill('a photo of a cup');
    await visitor.page.keyboard.press('Enter');
    await ask.getByLabel('Keep as class').fill('cup');
    const note = ask.getByText(
      /short\.yaml is in short form, .* rewritten in full form, .* kept as .*short\.yaml\.bak\./,
    );
    await ask.getByText('A new class is added').waitFor();
    expect(await note.count()).toBe(0);
    await ask.getByRole('slider', { name: 'Threshold of the answer: a photo of a cup' }).press('ArrowRight');
    await note.waitFor();
    expect(await findAccessibilityProblems(visitor.page)).toEqual([]);
    await ask.getByRole('button', { name: 'Keep', exact: true }).click();
    await ask.getByRole('button', { name: 'Take it back' }).waitFor();
    expect(await readFile(file, 'utf8')).toContain(
      '  - name: cup\r\n    prompts: [a photo of a cup]\r\n    threshold: 0.11\r\n',
    );
    await ask.getByRole('button', { name: 'Take it back' }).click();
    await ask.getByText(/^Taken back: /).waitFor();
    expect(await readFile(file, 'utf8')).toBe(SHORT);
    expect(visitor.complaints).toEqual([]);
    await visitor.page.context().close();
  });
});
