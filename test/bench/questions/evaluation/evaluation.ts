import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { preannotate } from '../../../support/cli.js';
import { Random } from '../../../support/random.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const OBJECTS = 10; // an image
const DETECTIONS = 50;
const CLASSES = 20;

/** How long does `eval` take, from process start to its end? */
export async function evaluation({ folder, quick }: Bench): Promise<void> {
  const counts = quick ? [10_000] : [10_000, 100_000];
  const seconds: number[] = [];
  for (const count of counts) {
    await writeSet(folder, count / DETECTIONS);
    const begun = performance.now();
    const args = ['eval', join(folder, 'results.json'), '--truth', join(folder, 'truth.json'), '--json'];
    const { code, stderr } = await preannotate(args);
    if (code !== 0) throw new Error(stderr);
    seconds.push((performance.now() - begun) / 1000);
  }
  printTable(
    'preannotate eval of COCO results, all figures',
    ['boxes', 'images', 's'],
    counts.map((count, i) => [String(count), String(count / DETECTIONS), seconds[i]!.toFixed(2)]),
  );
  const figure = `${counts.at(-1)!} boxes`;
  printGoals([{ figure, measured: seconds.at(-1)!, goal: 5, atLeast: false, unit: 's' }]);
}

async function writeSet(folder: string, count: number): Promise<void> {
  const random = new Random(1);
  const images = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    file_name: `${i}.jpg`,
    width: 900,
    height: 700,
  }));
  const categories = Array.from({ length: CLASSES }, (_, i) => ({ id: i + 1, name: `class ${i + 1}` }));
  const annotations = images.flatMap(({ id: imageId }, i) =>
    Array.from({ length: OBJECTS }, (_, j) => {
      const bbox = [random.below(600), random.below(400), 5 + random.below(250), 5 + random.below(250)];
      const category = 1 + random.below(CLASSES);
      const area = bbox[2]! * bbox[3]!;
      return { id: 1 + i * OBJECTS + j, image_id: imageId, category_id: category, bbox, area, iscrowd: 0 };
    }),
  );
  const results = images.flatMap(({ id: imageId }, i) =>
    Array.from({ length: DETECTIONS }, () => {
      const { bbox, category_id: category } = annotations[i * OBJECTS + random.below(OBJECTS)]!;
      const [x, y, width, height] = bbox as [number, number, number, number];
      const near = [x + random.below(9), y + random.below(9), width, height];
      return { image_id: imageId, category_id: category, bbox: near, score: random.below(1000) / 1000 };
    }),
  );
  await writeFile(join(folder, 'truth.json'), JSON.stringify({ images, categories, annotations }));
  await writeFile(join(folder, 'results.json'), JSON.stringify(results));
}
