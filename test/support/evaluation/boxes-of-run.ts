import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a run into a folder annotated: class, score and corners of each box, best first. */
export async function boxesOfRun(out: string): Promise<unknown[][]> {
  const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as {
    categories: { id: number; name: string }[];
    annotations: { category_id: number; score: number; bbox: [number, number, number, number] }[];
  };
  const cents = (value: number) => Math.round(value * 100) / 100;
  const names = new Map(coco.categories.map(({ id, name }) => [id, name]));
  return coco.annotations.map(({ category_id, score, bbox: [x, y, width, height] }) => {
    return [names.get(category_id), score, x, y, cents(x + width), cents(y + height)];
  });
}
