import { describe, expect, it } from 'vitest';
import type { Xyxy } from '../../../src/core/box.js';
import type { DecidedBox } from '../../../src/core/review/decision.js';
import { idForDeciding, joinReview } from '../../../src/core/review/reviewed-boxes.js';

const found = (patchId: number, box: Xyxy) => ({ patchId, box });
const decided = (id: string, status: DecidedBox['status'], box: Xyxy, from?: Xyxy): DecidedBox => {
  return { id, status, class: 'cup', box, ...(from === undefined ? {} : { from }) };
};

const A: Xyxy = [0, 0, 10, 10];
const B: Xyxy = [20, 0, 30, 10];
const C: Xyxy = [40, 0, 50, 10];

describe('an image that is open', () => {
  it('has the boxes of the model, except those that were decided on', () => {
    const boxes = [decided('p1', 'rejected', A, A), decided('p2', 'corrected', [21, 0, 30, 10], B)];
    const joined = joinReview([found(1, A), found(2, B), found(3, C)], { state: 'open', boxes });
    expect(joined.drafts).toEqual([found(3, C)]);
    expect(joined.decided).toEqual([boxes[1]]);
    expect(joined.suggestions).toEqual([]);
  });

  it('has a box with the number of one that was decided on, where it is elsewhere: it is of another model', () => {
    const joined = joinReview([found(1, C)], { state: 'open', boxes: [decided('p1', 'rejected', A, A)] });
    expect(joined.drafts).toEqual([found(1, C)]);
  });
});

describe('an image that was accepted', () => {
  const boxes = [decided('p1', 'kept', A, A), decided('x', 'drawn', B), decided('p9', 'rejected', C, C)];

  it('has what was decided alone', () => {
    const joined = joinReview([found(1, A)], { state: 'accepted', boxes });
    expect(joined.decided).toEqual(boxes.slice(0, 2));
    expect([joined.drafts, joined.suggestions]).toEqual([[], []]);
  });

  it('gets boxes of a later run as suggestions where nobody decided, not where a box was drawn or rejected', () => {
    const elsewhere = found(7, [60, 0, 70, 10]);
    const joined = joinReview([found(4, B), found(5, [41, 0, 50, 10]), elsewhere], { state: 'accepted', boxes });
    expect(joined.suggestions).toEqual([elsewhere]);
  });
});

describe('a box of another model with the number of one that was decided on', () => {
  const old = decided('p1', 'kept', A, A);

  it('is decided on under an id of its own, and both are known again', () => {
    const id = idForDeciding(found(1, C), [old]);
    expect(id).toBe('p1-2');
    const boxes = [old, decided(id, 'rejected', C, C)];
    expect(joinReview([found(1, C)], { state: 'open', boxes }).drafts).toEqual([]);
    expect(joinReview([found(1, A)], { state: 'open', boxes }).drafts).toEqual([]);
    expect(idForDeciding(found(1, C), boxes)).toBe('p1-2');
    expect(idForDeciding(found(1, B), boxes)).toBe('p1-3');
    expect(idForDeciding(found(2, B), boxes)).toBe('p2');
  });
});
