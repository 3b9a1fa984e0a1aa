import { link, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { openBrowser } from '../../../support/clients/browser.js';
import { preannotate } from '../../../support/cli.js';
import { writeSyntheticRun } from '../../../support/review/synthetic-run.js';
import { writePhotos } from '../../support/images.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';
import { measurePage } from './measure-page.js';

const BOXES = 12; // in each image
const PHOTOS = 20; // of which all images are links: each has a picture in the report all the same

/** How long does a report of a large run take to write, and how soon does it answer in a browser, from disk? */
export async function report({ folder, quick }: Bench): Promise<void> {
  const images = quick ? 1000 : 10_000;
  const out = join(folder, 'report');
  const photos = await writePhotos(join(folder, 'photos'), PHOTOS);
  const contents = await Promise.all(photos.map((photo) => readFile(photo)));
  const name = (index: number) => `image-${String(index).padStart(7, '0')}.jpg`;
  await writeSyntheticRun(out, { images, boxes: BOXES, names: name, content: (i) => contents[i % PHOTOS]! });
  for (let i = 0; i < images; i++) await link(photos[i % PHOTOS]!, join(out, name(i)));
  const before = performance.now();
  const { code, stderr } = await preannotate(['report', out, '--images-root', out]);
  const writing = performance.now() - before;
  if (code !== 0) throw new Error(stderr);
  const file = join(out, 'report.html');
  const browser = await openBrowser();
  const times = await measurePage(browser, pathToFileURL(file).href).finally(() => browser.close());
  const size = ((await stat(file)).size / 1e6).toFixed(1);
  const { paint, first, whole, text, classes, threshold, counts, sort, longest } = times;
  const figures = [writing, paint, first, whole, text, classes, threshold, counts, sort, longest];
  printTable(
    `A report of ${images} images with ${BOXES} boxes each in Chromium, from disk: milliseconds`,
    [
      'MB',
      'writing',
      'first paint',
      'first images',
      'whole',
      'by name',
      'by class',
      'threshold',
      'all counts',
      'sort',
      'longest task',
    ],
    [[size, ...figures.map((value) => Math.round(value).toString())]],
  );
  if (quick) return;
  const goal = { atLeast: false, unit: 'ms' };
  printGoals([
    { figure: 'first paint, after the file was opened', measured: paint, goal: 1000, ...goal },
    { figure: 'first images, after the file was opened', measured: first, goal: 1000, ...goal },
    { figure: 'a filter by class', measured: classes, goal: 100, ...goal },
    { figure: 'a threshold, with all counts', measured: counts, goal: 100, ...goal },
  ]);
}
