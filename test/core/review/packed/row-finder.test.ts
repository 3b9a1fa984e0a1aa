import { expect, it } from 'vitest';
import type { GalleryPack } from '../../../../src/core/gallery/pack.js';
import type { DecidedBox } from '../../../../src/core/review/decision.js';
import { OTHER, RowFinder } from '../../../../src/core/review/packed/row-finder.js';
import { boxOf } from '../../../../src/page/gallery/data/box-table.js';
import { Random } from '../../../support/random.js';
import { largePack } from '../../../support/review/packs.js';

const ROWS = 2000;
const PACK = largePack(3, { boxesEach: ROWS });

function decide(pack: GalleryPack, row: number, changed: Partial<DecidedBox> = {}): DecidedBox {
  const { patchId, classId, queryId, score, box } = boxOf(pack, row);
  const name = pack.facts.classes[classId]!.name;
  const prompt = pack.facts.prompts[queryId]!.text;
  return { id: `p${patchId}`, status: 'kept', class: name, box, from: box, prompt, score, ...changed };
}

it('boxes that are no rows cost no look at all rows for each', () => {
  let reads = 0;
  const patches = new Proxy(PACK.boxes.patches, {
    get: (target, key) => {
      reads++;
      return Reflect.get(target, key, target) as unknown;
    },
  });
  const finder = new RowFinder({ ...PACK, boxes: { ...PACK.boxes, patches } });
  const [start, end] = [PACK.boxes.starts[1]!, PACK.boxes.starts[2]!];
  finder.begin(1);
  for (let row = start; row < end; row++) expect(finder.find(decide(PACK, row, { id: 'p9999999' }))).toBe(OTHER);
  expect(reads).toBeLessThan(10 * (end - start));
});

it('boxes are found in any order, and those that are the same one after the other', () => {
  const boxes = { ...PACK.boxes, patches: PACK.boxes.patches.map((patch) => patch % 50) };
  for (const name of ['scores', 'prompts', 'classes', 'corners'] as const)
    boxes[name] = boxes[name].map(() => 1) as never;
  const pack = { ...PACK, boxes };
  const random = new Random(7);
  const finder = new RowFinder(pack);
  for (const image of [0, 2, 1]) {
    const [start, end] = [boxes.starts[image]!, boxes.starts[image + 1]!];
    finder.begin(image);
    let next = start;
    for (let i = 0; i < 500; i++) {
      const asked = start + random.below(end - start);
      const rows = [...boxes.patches.keys()]
        .slice(start, end)
        .filter((row) => boxes.patches[row] === boxes.patches[asked]);
      const expected = rows.find((row) => row >= next) ?? rows[0]!;
      expect(finder.find(decide(pack, asked))).toBe(expected - start);
      next = expected + 1;
    }
  }
});
