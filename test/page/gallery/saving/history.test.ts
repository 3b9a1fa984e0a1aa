import { describe, expect, it } from 'vitest';
import { invertChanges, type Change, type DecidedBox } from '../../../../src/core/review/decision.js';
import { History, type Step } from '../../../../src/page/gallery/saving/history.js';

const UNDECIDED = { state: 'open' as const, boxes: [] };

function drawn(x: number, id = 'd1', name = 'pallet'): DecidedBox {
  return { id, status: 'drawn', class: name, box: [x, 0, x + 10, 10] };
}

function step(image: string, changes: Change[], before: Parameters<typeof invertChanges>[0] = UNDECIDED): Step {
  return { image, changes, inverse: invertChanges(before, changes) };
}

describe('what a person did', () => {
  it('is undone and done again in order, across images', () => {
    const history = new History();
    const [first, second] = [
      step('1.png', [{ op: 'state', state: 'accepted' }]),
      step('4.png', [{ op: 'set', box: drawn(0) }]),
    ];
    history.record(first, 0);
    history.record(second, 10);
    expect(history.undo()).toMatchObject(second);
    expect(history.undo()).toMatchObject(first);
    expect([history.undo(), history.canUndo, history.canRedo]).toEqual([undefined, false, true]);
    expect(history.redo()).toMatchObject(first);
    expect(history.redo()).toMatchObject(second);
    expect(history.redo()).toBeUndefined();
  });

  it('cannot be done again after something else was done', () => {
    const history = new History();
    history.record(step('1.png', [{ op: 'set', box: drawn(0) }]), 0);
    history.undo();
    history.record(step('2.png', [{ op: 'set', box: drawn(5) }]), 5000);
    expect(history.canRedo).toBe(false);
  });

  it('joins the moves of one box that follow each other, back to where it was first', () => {
    const history = new History();
    const set = (x: number): Change[] => [{ op: 'set', box: drawn(x) }];
    const at = (x: number) => ({ state: 'open' as const, boxes: [drawn(x)] });
    history.record(step('1.png', set(0)), 0);
    history.record(step('1.png', set(1), at(0)), 5000);
    history.record(step('1.png', set(2), at(1)), 5500);
    history.record(step('1.png', set(3), at(2)), 6000);
    expect(history.undo()).toMatchObject({ changes: set(3), inverse: set(0) });
    expect(history.undo()).toMatchObject({ changes: set(0), inverse: [{ op: 'forget', id: 'd1' }] });
  });

  it('keeps a change of class apart from moves', () => {
    const history = new History();
    const before = { state: 'open' as const, boxes: [drawn(0)] };
    history.record(step('1.png', [{ op: 'set', box: drawn(0, 'd1', 'crate') }], before), 0);
    history.record(
      step('1.png', [{ op: 'set', box: drawn(1, 'd1', 'crate') }], { state: 'open', boxes: [drawn(0, 'd1', 'crate')] }),
      100,
    );
    expect(history.undo()?.inverse).toEqual([{ op: 'set', box: drawn(0, 'd1', 'crate') }]);
    expect(history.canUndo).toBe(true);
  });
});

it('moves of a box that someone else moved in between are undone one by one', () => {
  const history = new History();
  history.record(step('1.png', [{ op: 'set', box: drawn(1) }], { state: 'open', boxes: [drawn(0)] }), 0);
  history.record(step('1.png', [{ op: 'set', box: drawn(9) }], { state: 'open', boxes: [drawn(8)] }), 10);
  expect(history.undo()?.inverse).toEqual([{ op: 'set', box: drawn(8) }]);
  expect(history.undo()?.inverse).toEqual([{ op: 'set', box: drawn(0) }]);
});
