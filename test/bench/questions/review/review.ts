import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBrowser } from '../../../support/clients/browser.js';
import { Running, SCENES } from '../../../support/cli.js';
import { writeSyntheticRun } from '../../../support/review/synthetic-run.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';
import { measureEditor } from './measure-editor.js';
import { measurePage, type PageTimes } from './measure-page.js';

const BOXES = 12; // in each image
const IN_VIEW = 50;

/** Milliseconds. */
interface ReviewTimes extends PageTimes {
  readonly start: number; // of the command, until it prints its link
}

/** How soon can a large run be looked at with `review`, and how soon does its page answer? */
export async function review({ folder, quick }: Bench): Promise<void> {
  const counts = quick ? [1000] : [10_000, 100_000];
  const rows: (readonly [count: number, times: ReviewTimes])[] = [];
  const scene = await readFile(join(SCENES, 'scene-07.jpg'));
  for (const count of counts) {
    const out = join(folder, `review-${count}`);
    await writeSyntheticRun(out, { images: count, boxes: BOXES, names: nameOf, content: () => scene });
    await writeFirstImages(out);
    await measureReview(out); // packs the run once
    rows.push([count, await measureReview(out)]);
  }
  printTable(
    `A run of ${BOXES} boxes an image in \`preannotate review\` and Chromium, 1280 by 800 pixels: milliseconds`,
    ['images', 'command', 'first images', 'by name', 'by class', 'threshold', 'all counts', 'sort', 'longest task'],
    rows.map(([count, { start, first, text, classes, threshold, counts: all, sort, longest }]) =>
      [count, start, first, text, classes, threshold, all, sort, longest].map((value) => Math.round(value).toString()),
    ),
  );
  await printFrames();
  if (!quick) printGoals(rows.flatMap(([count, times]) => goalsOf(count, times)));
}

async function printFrames(): Promise<void> {
  const browser = await openBrowser();
  const measured = await measureEditor(browser).finally(() => browser.close());
  printTable(
    'An image with 300 boxes, zoomed and moved: milliseconds from one frame to the next',
    ['what', 'median', '95 of 100', 'longest'],
    Object.entries(measured).map(([what, { median, p95, longest }]) => [
      what,
      ...[median, p95, longest].map((value) => value.toFixed(1)),
    ]),
  );
}

function nameOf(index: number): string {
  return `image-${String(index).padStart(7, '0')}.jpg`;
}

/** Those in view when the page is opened. */
async function writeFirstImages(out: string): Promise<void> {
  for (let i = 0; i < IN_VIEW; i++) await copyFile(join(SCENES, 'scene-07.jpg'), join(out, nameOf(i)));
}

function goalsOf(count: number, times: ReviewTimes): Parameters<typeof printGoals>[0] {
  const [firstMs, countsMs] = count > 10_000 ? [3000, 500] : [1000, 100];
  const at = `${count} images`;
  const goal = { atLeast: false, unit: 'ms' };
  return [
    { figure: `${at}: first images, after the page was asked for`, measured: times.first, goal: firstMs, ...goal },
    { figure: `${at}: a filter by class`, measured: times.classes, goal: countsMs, ...goal },
    { figure: `${at}: a threshold, with all counts and the order`, measured: times.counts, goal: countsMs, ...goal },
  ];
}

async function measureReview(out: string): Promise<ReviewTimes> {
  const before = performance.now();
  const running = new Running(['review', out, '--port', '0', '--images-root', out]);
  const finished = running.finished();
  const browser = await openBrowser();
  try {
    let link: RegExpExecArray | null = null;
    while ((link = /http\S+token=[\w-]+/.exec(running.stdout)) === null) {
      if (running.child.exitCode !== null) throw new Error(`review has ended: ${running.stderr}`);
      await sleep(5);
    }
    const start = performance.now() - before;
    return { start, ...(await measurePage(browser, link[0])) };
  } finally {
    await browser.close();
    running.child.kill('SIGTERM');
    await finished;
  }
}
