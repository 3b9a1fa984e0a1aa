import { describe, expect, it } from 'vitest';
import { applyChanges, type DecidedBox, type Decision } from '../../../src/core/review/decision.js';
import { findNewDecisions, noteSuperseded } from '../../../src/run/shards/join-reviews.js';

const box = (id: string): DecidedBox => ({ id, status: 'drawn', class: 'dog', box: [1, 2, 30, 40] });

function decided(image: string, day: number, ids: readonly string[], state: Decision['state'] = 'open') {
  const at = `2026-01-0${day}T00:00:00.000Z`;
  return { image, sha256: 'ab', revision: 1, state, boxes: ids.map(box), author: `Ana ${day}`, at };
}

const byName = (...decisions: Decision[]) => new Map(decisions.map((one) => [one.image, one]));

describe('the reviews of parts', () => {
  it('are joined by the latest decision about each image, and nothing is left to add then', () => {
    const parts = [
      { review: byName(decided('a.jpg', 2, ['x', 'y'], 'accepted'), decided('b.jpg', 1, ['x'])) },
      { review: byName(decided('a.jpg', 1, ['z']), decided('c.jpg', 3, [])) },
    ];
    const whole = byName(decided('a.jpg', 1, ['y', 'old'], 'open'), decided('b.jpg', 2, ['mine']));
    const steps = findNewDecisions(parts, whole);
    expect(steps.map(({ image, at, author }) => [image, at?.slice(0, 10), author])).toEqual([
      ['a.jpg', '2026-01-02', 'Ana 2'],
      ['c.jpg', '2026-01-03', 'Ana 3'],
    ]);
    expect(applyChanges(whole.get('a.jpg')!, steps[0]!.changes)).toEqual({
      state: 'accepted',
      boxes: [box('x'), box('y')],
    });
    expect(noteSuperseded(parts, whole)).toEqual([
      '2 images, decided on differently in several places (a.jpg, b.jpg): the latest decision counts, as a whole. ' +
        "The parts keep theirs in their review.jsonl, the whole run's file has its earlier ones.",
    ]);
    expect(noteSuperseded(parts.slice(0, 1), new Map())).toEqual([]);
    expect(noteSuperseded(parts.slice(0, 1), parts[0]!.review)).toEqual([]);
    const joined = byName(parts[0]!.review.get('a.jpg')!, whole.get('b.jpg')!, parts[1]!.review.get('c.jpg')!);
    expect(findNewDecisions(parts, joined)).toEqual([]);
  });
});
