import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataSet } from '../../../src/data-set/open.js';
import { formatNames } from '../../../src/formats/index.js';
import type { Statistics } from '../../../src/statistics/statistics.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const FORMATS = ['--format', formatNames.join(',')];

async function ok(...args: readonly string[]) {
  const finished = await preannotate(args);
  expect(finished).toMatchObject({ code: 0 });
  return finished;
}

async function boxesIn(out: string, images: string, format: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  const set = await openDataSet(join(out, format), { imagesRoot: images });
  for await (const { name, boxes } of set.images) found[name] = boxes.length;
  return found;
}

it('--negatives bounds the images with nothing found in all formats, by their content alone', async () => {
  const folder = await temporaryFolder();
  const [images, out] = [join(folder, 'photos'), join(folder, 'out')];
  await mkdir(images);
  const scenes = (await readdir(SCENES)).filter((name) => /^scene-(?:[0-2]\d)\./.test(name)).sort();
  const [last, ...others] = scenes.reverse() as [string, ...string[]];
  for (const name of others) await copyFile(join(SCENES, name), join(images, name));
  const high = ['--score-threshold', '0.73'];
  const run = ['run', images, ...EMOJI, '-o', out, ...FORMATS];
  await ok(...run, ...high);
  const all = await boxesIn(out, images, 'coco');
  const negatives = Object.keys(all).filter((name) => all[name] === 0);
  const positives = Object.keys(all).filter((name) => all[name]! > 0);
  expect([negatives.length > 5, positives.length > 5]).toEqual([true, true]);

  const { stdout } = await ok('export', out, ...high, '--negatives', '0.5');
  expect(stdout).toContain('written to');
  const half = await boxesIn(out, images, 'coco');
  const kept = Object.keys(half).filter((name) => half[name] === 0);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(negatives.length);
  expect(Object.keys(half).sort()).toEqual([...positives, ...kept].sort());
  for (const format of formatNames) expect(await boxesIn(out, images, format), format).toEqual(half);
  const { counts, negatives: stored } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as {
    counts: Record<string, number>;
    negatives: number;
  };
  expect({ stored, annotated: counts['annotated'] }).toEqual({ stored: 0.5, annotated: others.length });
  const results = JSON.parse(await readFile(join(out, 'coco/results.json'), 'utf8')) as { image_id: number }[];
  const { images: listed } = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as {
    images: { id: number }[];
  };
  expect(new Set(results.map((result) => result.image_id))).toEqual(new Set(listed.map(({ id }) => id)));

  await copyFile(join(SCENES, last), join(images, last));
  const again = await ok(...run, ...high); // keeps the share
  expect(again.stdout).toMatch(/without boxes, \d+ more are left out \(--negatives\)/);
  const { [last]: _, ...same } = await boxesIn(out, images, 'coco');
  expect(same).toEqual(half);

  await writeFile(join(out, 'yolo/labels/train', kept[0]!.replace(/\.\w+$/, '.txt')), 'by hand\n');
  const dropped = await ok('export', out, ...high, '--negatives', 'drop');
  expect(dropped.stderr).toContain('stay although they are no longer part of it');
  expect(dropped.stdout).toMatch(
    / boxes in \d+ of \d+ images with score threshold \S+, \d+ images without boxes left out \(--negatives\): coco/,
  );
  const { [last]: __, ...none } = await boxesIn(out, images, 'coco');
  expect(Object.keys(none).sort()).toEqual(positives.filter((name) => name !== last).sort());
  const statsOf = async (path: string) => JSON.parse((await ok('stats', path, '--json')).stdout) as Statistics;
  const { images: counted, left_out_without_boxes: leftOut, thresholds } = await statsOf(out);
  expect(counted).toBe((await statsOf(join(out, 'coco/instances.json'))).images);
  expect(counted + leftOut!).toBe(others.length + 1);
  expect((await ok('stats', out)).stdout).toContain(` and 0 without, ${leftOut} more are left out (--negatives). `);
  const empty = await ok('export', out, '--score-threshold', '1', '--format', 'coco');
  expect(empty.stderr).toMatch(
    /results\.json is an empty list, .*: instances\.json lists no image; --negatives left out \d/,
  );
  expect((await ok('validate', join(out, 'coco'))).stdout).toContain('coco-results-empty');
  await ok('export', out, ...high, '--negatives', 'keep');
  const whole = await statsOf(out);
  expect(whole).toMatchObject({ images: others.length + 1, thresholds });
  expect(whole).not.toHaveProperty('left_out_without_boxes');
  expect((await preannotate(['export', out, '--negatives', 'many'])).stderr).toContain('must be keep, drop');
});
