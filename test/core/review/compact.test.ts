import { expect, it } from 'vitest';
import {
  fromCompactChanges,
  fromCompactDecision,
  toCompactChanges,
  toCompactDecision,
} from '../../../src/core/review/compact.js';
import type { Change, DecidedBox } from '../../../src/core/review/decision.js';
import { Random } from '../../support/random.js';

const place = (x: number) => [x, 2, x + 30.25, 40] as const;
const set = (box: DecidedBox): Change => ({ op: 'set', box });

function kept(id: string, name: string, prompt: string, x: number): DecidedBox {
  return { id, status: 'kept', class: name, box: place(x), from: place(x), prompt, score: 0.75 };
}

const BOXES: readonly DecidedBox[] = [
  kept('p1', 'cup', 'a cup', 1),
  kept('p2', 'cup', 'a mug', 2),
  kept('p3', 'mug', 'a mug', 3),
  { id: 'd1', status: 'drawn', class: 'cup', box: place(4) },
  { ...kept('p4', 'cup', 'a cup', 5), status: 'rejected' },
  { ...kept('p5', 'cup', 'a cup', 6), status: 'corrected', box: place(7) },
  { id: 'p6', status: 'kept', class: 'cup', box: place(8), from: place(8) }, // without its prompt and score
  kept('p7-2', 'cup', '"quoted", ","', 9),
];

/** As it arrives. */
const sent = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

it('changes are the same after they were made compact, in any order', () => {
  const random = new Random(3);
  for (let i = 0; i < 200; i++) {
    const changes = Array.from({ length: random.below(30) }, (): Change => {
      const other = random.below(8);
      if (other === 0) return { op: 'forget', id: `p${i}` };
      return other === 1 ? { op: 'state', state: 'accepted' } : set(random.oneOf(BOXES));
    });
    expect(fromCompactChanges(sent(toCompactChanges(changes)))).toEqual(changes);
    const boxes = changes.flatMap((change) => (change.op === 'set' ? [change.box] : []));
    const decision = { image: 'a.jpg', sha256: 'ab', revision: 1, state: 'open' as const, boxes, author: 'A', at: '' };
    expect(fromCompactDecision(sent(toCompactDecision(decision)))).toEqual(decision);
  }
});

it('boxes that were kept one after the other are joined; their classes and prompts are there once', () => {
  const changes = [...BOXES.slice(0, 3), kept('p9', 'cup', 'a cup', 9)].map(set);
  expect(toCompactChanges([...changes, { op: 'state', state: 'accepted' }])).toEqual([
    {
      op: 'keep',
      of: [
        ['cup', 'a cup'],
        ['cup', 'a mug'],
        ['mug', 'a mug'],
      ],
      kept: [
        ['p1', 0, 1, 2, 31.25, 40, 0.75],
        ['p2', 1, 2, 2, 32.25, 40, 0.75],
        ['p3', 2, 3, 2, 33.25, 40, 0.75],
        ['p9', 0, 9, 2, 39.25, 40, 0.75],
      ],
    },
    { op: 'state', state: 'accepted' },
  ]);
});
