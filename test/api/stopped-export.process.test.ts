import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answerOf } from '../support/program.js';
import { writeSyntheticRun } from '../support/review/synthetic-run.js';
import { temporaryFolder } from '../support/temporary.js';

const IMAGES = 3000;

/** Aborts once the files of some images are written, and exports again. */
const PROGRAM = `
import { readdir } from 'node:fs/promises';
import { readRun } from 'preannotate';
const run = await readRun('drafts');
const options = { format: 'voc', images: 'none' };
const stop = new AbortController();
const exporting = run.export({ ...options, signal: stop.signal })
  .then(() => 'written', ({ name, message }) => [name, message]);
let isOver = false;
void exporting.then(() => (isOver = true));
const count = async () => {
  const files = await readdir('drafts', { recursive: true });
  return files.filter((name) => name.endsWith('.xml')).length;
};
let staged = 0;
while (!isOver && staged === 0) staged = await count();
stop.abort();
let most = staged;
while (!isOver) most = Math.max(most, await count().catch(() => 0)); // is being removed
const outcome = await exporting;
const before = await count();
const { annotated, boxes } = await (await readRun('drafts')).export(options);
console.log(JSON.stringify({ outcome, staged, most, before, annotated, boxes, after: await count() }));
`;

it('an export stops between two images with its signal, leaves no half view, and can be done again', async () => {
  const folder = await temporaryFolder();
  await writeSyntheticRun(join(folder, 'drafts'), { images: IMAGES, boxes: 2 });
  const stopped = (await answerOf(PROGRAM, folder)) as { staged: number; most: number; boxes: number };
  const outcome = ['AbortError', 'This operation was aborted'];
  expect(stopped).toMatchObject({ outcome, before: 0, annotated: IMAGES, after: IMAGES });
  expect(stopped.staged).toBeGreaterThan(0);
  expect(stopped.most).toBeLessThan(IMAGES / 2); // it did not go on, to be thrown away at its end
  expect(stopped.boxes).toBeGreaterThan(0);
});
