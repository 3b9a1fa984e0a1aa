import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyChanges, invertChanges, type Change, type DecidedBox } from '../../../src/core/review/decision.js';

const id = fc.constantFrom('p1', 'p2', 'a', 'b');
const box: fc.Arbitrary<DecidedBox> = fc.record({
  id,
  status: fc.constantFrom('kept', 'corrected', 'drawn', 'rejected'),
  class: fc.constantFrom('cup', 'jar'),
  box: fc.constant([0, 0, 10, 10]),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ op: fc.constant('set'), box }),
  fc.record({ op: fc.constant('forget'), id }),
  fc.record({ op: fc.constant('state'), state: fc.constantFrom('open', 'accepted') }),
);
const changes = fc.array(change, { maxLength: 8 });

const START = { state: 'open', boxes: [] } as const;

it('changes can be taken back, whatever they were', () => {
  fc.assert(
    fc.property(changes, changes, (earlier, later) => {
      const before = applyChanges(START, earlier);
      const back = applyChanges(applyChanges(before, later), invertChanges(before, later));
      expect(back.state).toBe(before.state);
      expect(new Set(back.boxes)).toEqual(new Set(before.boxes));
    }),
  );
});

it('changes of two people to different boxes both count, in either order', () => {
  const mine: Change = { op: 'set', box: { id: 'p1', status: 'rejected', class: 'cup', box: [0, 0, 1, 1] } };
  const theirs: Change = { op: 'set', box: { id: 'b', status: 'drawn', class: 'jar', box: [2, 2, 3, 3] } };
  const one = applyChanges(applyChanges(START, [mine]), [theirs]);
  const other = applyChanges(applyChanges(START, [theirs]), [mine]);
  expect(one.boxes.map((each) => each.id)).toEqual(['p1', 'b']);
  expect(new Set(one.boxes)).toEqual(new Set(other.boxes));
});
