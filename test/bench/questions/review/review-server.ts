import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import sharp from 'sharp';
import { mapConcurrent } from '../../../../src/core/stream.js';
import { SCENES } from '../../../support/cli.js';
import { withComment } from '../../../support/other-bytes.js';
import { TestReview } from '../../../support/review/review-server.js';
import { writeSyntheticRun } from '../../../support/review/synthetic-run.js';
import { cpuSeconds } from '../../support/processes.js';
import { printGoals, printTable, type GoalRow } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const BOXES = 12; // in each image
const PHOTO_PX = { width: 1920, height: 1440 };
const AT_ONCE = 6; // connections that browsers have to one server

/** How soon does a client of `review` have the whole run, and how fast are thumbnails made and decisions saved? */
export async function reviewServer({ folder, quick }: Bench): Promise<void> {
  const goals: GoalRow[] = [];
  for (const [count, goal] of quick
    ? ([[1000, 1]] as const)
    : ([
        [10_000, 1],
        [100_000, 3],
      ] as const)) {
    const out = join(folder, `review-${count}`);
    await writeSyntheticRun(out, { images: count, boxes: BOXES });
    const before = performance.now();
    await using review = await TestReview.opened(out);
    const linkMs = performance.now() - before;
    const { byteLength } = await (await review.get('/api/pack')).arrayBuffer();
    const packMs = performance.now() - before;
    const cpuMs = cpuSeconds([review.running.child.pid!]) * 1000;
    printTable(
      `${count} images, ${BOXES} boxes each`,
      ['', 'milliseconds'],
      [
        ['from the start of the command to the link', linkMs.toFixed(0)],
        [`to the whole run in the client (${(byteLength / 1e6).toFixed(1)} MB)`, packMs.toFixed(0)],
        ['CPU of the server by then', cpuMs.toFixed(0)],
      ],
    );
    const figure = `${count} images: start to the run in the client`;
    goals.push({ figure, measured: packMs / 1000, goal, atLeast: false, unit: 's' });
  }
  await measureImages(folder, quick ? 40 : 400);
  printGoals(goals);
}

/** Thumbnails of photographs of 2.8 megapixels, first and again, and decisions of one and of many clients. */
async function measureImages(folder: string, count: number): Promise<void> {
  const out = join(folder, 'review-images');
  const photo = await sharp(join(SCENES, 'scene-01.jpg')).resize(PHOTO_PX).jpeg({ quality: 90 }).toBuffer();
  const names = (i: number) => `image-${String(i).padStart(4, '0')}.jpg`;
  const content = (i: number) => withComment(photo, `image ${i}`);
  await writeSyntheticRun(out, { images: count, names, content });
  await mkdir(join(out, 'images'));
  for (let i = 0; i < count; i++) {
    await writeFile(join(out, 'images', names(i)), content(i));
  }
  await using review = await TestReview.opened(out);
  const { ids } = (await review.pack()).facts.images;
  const rateOf = async (atOnce: number, ask: (id: number) => Promise<unknown>) => {
    const before = performance.now();
    for await (const _ of mapConcurrent(ids, atOnce, ask)) continue;
    return (ids.length / ((performance.now() - before) / 1000)).toFixed(0);
  };
  const thumbnail = async (id: number) => (await review.get(`/api/images/${id}/thumbnail?width=320`)).arrayBuffer();
  const accept = (id: number) => review.save(id, [{ op: 'state', state: 'accepted' }]);
  await thumbnail(ids[0]!); // starts a process
  printTable(
    'Images and decisions',
    ['', 'a second'],
    [
      ['thumbnails of 2.8 megapixels, made', await rateOf(AT_ONCE, thumbnail)],
      ['decisions saved, one after the other', await rateOf(1, accept)],
      ['decisions saved, of 50 at once', await rateOf(50, accept)],
    ],
  );
}
