import { describe, expect, it } from 'vitest';
import type { Change, DecidedBox } from '../../../src/core/review/decision.js';
import { findOverwritten, pageOfStep, type PastStep } from '../../../src/core/review/overwritten.js';

function drawn(id: string, x: number): DecidedBox {
  return { id, status: 'drawn', class: 'cup', box: [x, 0, x + 10, 10] };
}

const set = (id: string, x: number): Change => ({ op: 'set', box: drawn(id, x) });
const past = (id: string, revision: number, ...changes: Change[]): PastStep => ({ id, revision, author: 'A', changes });

describe('a step', () => {
  it('overwrites the last change that others made to each of its boxes, and nothing else', () => {
    const unseen = [past('one-1', 4, set('a', 1), set('b', 1)), past('two-1', 5, set('a', 2), set('c', 2))];
    expect(findOverwritten({ id: 'three-9', changes: [set('a', 3), set('b', 3), set('d', 3)] }, unseen)).toEqual([
      { step: 'two-1', author: 'A', change: set('a', 2) },
      { step: 'one-1', author: 'A', change: set('b', 1) },
    ]);
  });

  it('does not overwrite what its own page did, or did last', () => {
    const unseen = [past('two-1', 4, set('a', 1)), past('one-1', 5, set('a', 2))];
    expect(findOverwritten({ id: 'one-2', changes: [set('a', 3)] }, unseen)).toEqual([]);
    expect(findOverwritten({ id: 'three-1', changes: [set('a', 3)] }, unseen)).toHaveLength(1);
  });

  it('does not overwrite what is the same', () => {
    const accepted: Change = { op: 'state', state: 'accepted' };
    const unseen = [past('one-1', 4, set('a', 1), accepted, { op: 'forget', id: 'b' })];
    const same = [set('a', 1), accepted, { op: 'forget', id: 'b' } as const];
    expect(findOverwritten({ id: 'two-1', changes: same }, unseen)).toEqual([]);
    const others: Change[] = [{ op: 'forget', id: 'a' }, { op: 'state', state: 'open' }, set('b', 1)];
    expect(findOverwritten({ id: 'two-1', changes: others }, unseen).map(({ change }) => change.op)).toEqual([
      'set',
      'state',
      'forget',
    ]);
  });

  it('that comes from no page overwrites what pages did, and the other way round', () => {
    const changes = [set('a', 2)];
    expect(findOverwritten({ id: undefined, changes }, [past('one-1', 1, set('a', 1))])).toHaveLength(1);
    const imported = { revision: 1, author: 'A', changes: [set('a', 1)] };
    expect(findOverwritten({ id: 'one-1', changes }, [imported])).toEqual([{ author: 'A', change: set('a', 1) }]);
  });
});

it('the page of a step is all before its number', () => {
  expect([pageOfStep('ab_c-12'), pageOfStep(undefined)]).toEqual(['ab_c', undefined]);
});
