import { expect, it } from 'vitest';
import { applyChanges, type Change, type DecidedBox } from '../../../../src/core/review/decision.js';
import type { SavedDecision } from '../../../../src/core/review/overwritten.js';
import { describeOverwriting } from '../../../../src/page/gallery/saving/describe-overwriting.js';
import { RecentSteps } from '../../../../src/run/review/recent-steps.js';

const found = { class: 'cup', box: [1, 2, 30, 40], from: [1, 2, 30, 40], prompt: 'a cup', score: 0.5 } as const;
const kept: DecidedBox = { id: 'p1', status: 'kept', ...found };
const moved: DecidedBox = { ...kept, status: 'corrected', box: [2, 2, 31, 40] };
const far: DecidedBox = { ...moved, box: [9, 2, 38, 40] };
const bottle: DecidedBox = { ...kept, status: 'corrected', class: 'bottle' };
const set = (box: DecidedBox): Change => ({ op: 'set', box });
const state = (to: 'open' | 'accepted'): Change => ({ op: 'state', state: to });

/** Two pages change an image at once, this one first or last. @returns What this one is told */
function told(mine: Change[], theirs: Change[], { isFirst, author = 'root' }: { isFirst: boolean; author?: string }) {
  const steps = new RecentSteps();
  const sent = isFirst
    ? ([
        ['mine-1', mine],
        ['other-1', theirs],
      ] as const)
    : ([
        ['other-1', theirs],
        ['mine-1', mine],
      ] as const);
  let decided = { state: 'open' as 'open' | 'accepted', boxes: [kept] as readonly DecidedBox[] };
  const saved = sent.map(([id, changes], i): SavedDecision => {
    decided = applyChanges(decided, changes);
    const by = id === 'mine-1' ? 'root' : author;
    const decision = { image: 'a.jpg', sha256: 'ab', revision: i + 2, ...decided, author: by, at: '' };
    return steps.add(decision, { id, base: 1, changes });
  });
  return describeOverwriting(saved[1]!, { page: 'mine', author: 'root' });
}

it.each([
  [[set(moved)], [set(far)], 'moved the cup in a.jpg'],
  [[set(moved)], [set({ ...kept, status: 'rejected' })], 'rejected the cup in a.jpg'],
  [[set(moved)], [set(bottle)], 'changed the cup to bottle in a.jpg'],
  [[set(moved)], [set(kept)], 'kept the cup in a.jpg'],
  [[set(moved)], [{ op: 'forget', id: 'p1' }], 'deleted the cup in a.jpg'],
  [[state('open')], [state('accepted')], 'accepted all boxes in a.jpg'],
  [[set(moved), set({ ...bottle, id: 'p2' })], [set(far), set({ ...far, id: 'p2' })], 'changed 2 boxes'],
] as [Change[], Change[], string][])('%j met %j: both pages are told in one sentence', (mine, theirs, what) => {
  const many = mine.length > 1;
  expect(told(mine, theirs, { isFirst: false })).toMatch(`Another page ${what}`);
  expect(told(mine, theirs, { isFirst: false })).toMatch(
    many ? 'as you. Your changes replaced that.' : 'as you. Your change replaced that.',
  );
  expect(told(mine, theirs, { isFirst: true, author: 'mira' })).toMatch(`mira ${what}`);
  expect(told(mine, theirs, { isFirst: true })).toMatch(
    many ? 'as you. Your changes were replaced.' : 'as you. Your change was replaced.',
  );
});

it('pages that changed different boxes, or one in the same way, are told nothing', () => {
  for (const isFirst of [true, false]) {
    expect(told([set(moved)], [set({ ...far, id: 'p2' })], { isFirst })).toBeUndefined();
    expect(told([set(moved)], [set(moved)], { isFirst })).toBeUndefined();
  }
});
