import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Xyxy } from '../../../../src/core/box.js';
import type { Change, DecidedBox } from '../../../../src/core/review/decision.js';
import { readLines } from '../../../../src/disk/lines.js';
import { readReview } from '../../../../src/run/review/read-review.js';
import { ReviewJournal } from '../../../../src/run/review/review-journal.js';
import { openBrowser } from '../../../support/clients/browser.js';
import type { StoredImage } from '../../../support/review/decide.js';
import { TestReview } from '../../../support/review/review-server.js';
import { writeSyntheticRun } from '../../../support/review/synthetic-run.js';
import { printGoals, printTable, type GoalRow } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const BOXES = 20; // in each image

/** How soon can a run be looked at whose images were reviewed, and how large does its file of decisions get? */
export async function reviewed({ folder, quick }: Bench): Promise<void> {
  const goals: GoalRow[] = [];
  const cases = [
    { images: 1000, steps: 5, goal: 1 },
    { images: 10_000, steps: 5, goal: 1 },
    { images: 100_000, steps: 1, goal: 3 },
  ];
  for (const { images, steps, goal } of quick ? cases.slice(0, 1) : cases) {
    const out = join(folder, `reviewed-${images}`);
    await writeSyntheticRun(out, { images, boxes: BOXES });
    await decideOnAll(out, steps);
    const { size } = await stat(join(out, 'review.jsonl'));
    const readMs = await timeOf(() => readReview(out));
    const { linkMs, clientMs } = await openClient(out);
    const pageMs = await openPage(out);
    printTable(
      `${images} images with ${BOXES} boxes each, reviewed in ${steps} steps each`,
      ['', ''],
      [
        ['review.jsonl, MB', (size / 1e6).toFixed(1)],
        ['reading it, milliseconds', readMs.toFixed(0)],
        ['from the start of the command to the link', linkMs.toFixed(0)],
        ['to the whole run and all decisions in a client', clientMs.toFixed(0)],
        ['first images in Chromium, from the moment at which the page is asked for', pageMs.toFixed(0)],
      ],
    );
    const figure = `${images} images, ${steps} steps each: first images in Chromium`;
    goals.push({ figure, measured: pageMs / 1000, goal, atLeast: false, unit: 's' });
  }
  printGoals(goals);
}

/** The least of three. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    const before = performance.now();
    await work();
    least = Math.min(least, performance.now() - before);
  }
  return least;
}

async function openClient(out: string): Promise<{ readonly linkMs: number; readonly clientMs: number }> {
  const before = performance.now();
  await using review = await TestReview.opened(out);
  const linkMs = performance.now() - before;
  const decisions = async () => (await review.get('/api/decisions?packed')).arrayBuffer(); // as pages ask for them
  await Promise.all([review.pack(), decisions()]);
  return { linkMs, clientMs: performance.now() - before };
}

/** The second time: the browser has its files then, and the server is warm. */
async function openPage(out: string): Promise<number> {
  await using review = await TestReview.opened(out);
  const browser = await openBrowser();
  try {
    let ms = Infinity;
    for (let i = 0; i < 2; i++) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      const before = performance.now();
      await page.goto(review.link);
      await page.locator('.cell.is-accepted').first().waitFor();
      ms = performance.now() - before;
      await page.close();
    }
    return ms;
  } finally {
    await browser.close();
  }
}

/** Every image is accepted, which keeps its boxes; further steps then reject, correct and draw boxes. */
async function decideOnAll(out: string, steps: number): Promise<void> {
  await using journal = await ReviewJournal.open(out);
  let waiting: Promise<unknown>[] = [];
  for await (const { line, number } of readLines(join(out, 'detections.jsonl'))) {
    if (number === 1) continue;
    const { image, sha256, detections } = JSON.parse(line) as StoredImage;
    const kept = detections.map(({ class: name, prompt, score, box, patch }): DecidedBox => {
      return { id: `p${patch}`, status: 'kept', class: name, box, from: box, prompt, score };
    });
    for (const changes of stepsOn(kept).slice(0, steps))
      waiting.push(journal.append({ image, sha256, changes, author: 'mira' }));
    if (waiting.length < 4096) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
}

function stepsOn(kept: readonly DecidedBox[]): Change[][] {
  const [first, second, third] = kept as [DecidedBox, DecidedBox, DecidedBox];
  const moved: Xyxy = [first.box[0] + 1, first.box[1], first.box[2] + 1, first.box[3]];
  const set = (box: DecidedBox): Change => ({ op: 'set', box });
  return [
    [...kept.map(set), { op: 'state', state: 'accepted' }],
    [set({ ...second, status: 'rejected' })],
    [set({ ...first, status: 'corrected', box: moved })],
    [set({ ...third, status: 'corrected', box: moved })],
    [set({ id: 'd0123456789abcdef', status: 'drawn', class: first.class, box: first.box })],
  ];
}
