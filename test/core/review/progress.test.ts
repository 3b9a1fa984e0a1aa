import { describe, expect, it } from 'vitest';
import type { BoxStatus, Decision } from '../../../src/core/review/decision.js';
import { progressOf, type ReviewedImage } from '../../../src/core/review/progress.js';

const START = Date.parse('2026-01-05T09:00:00Z');
const NOTHING = { kept: 0, corrected: 0, rejected: 0, drawn: 0 };

/** A decision with a box of each status, made some seconds after the start. */
function decide(
  statuses: readonly BoxStatus[],
  {
    state = 'accepted',
    second = 0,
    author = 'ada',
    className = 'cup',
  }: Partial<{
    state: Decision['state'];
    second: number;
    author: string;
    className: string;
  }> = {},
): Decision {
  return {
    ...{ image: 'a.jpg', sha256: '', revision: 1, state, author, at: new Date(START + second * 1000).toISOString() },
    boxes: statuses.map((status, i) => ({ id: `p${i}`, status, class: className, box: [0, 0, 10, 10] })),
  };
}

const untouched = (count: number, drafts: number): ReviewedImage[] => Array.from({ length: count }, () => ({ drafts }));
const accepted = (count: number, statuses: readonly BoxStatus[], everySeconds: number): ReviewedImage[] =>
  Array.from({ length: count }, (_, i) => ({ drafts: 0, decision: decide(statuses, { second: i * everySeconds }) }));

describe('how much of a run is reviewed', () => {
  it('counts images that were accepted, and those with boxes that were decided on', () => {
    const { images, shares } = progressOf([
      { drafts: 0, decision: decide(['kept']) },
      { drafts: 2, decision: decide(['rejected'], { state: 'open' }) },
      { drafts: 2, decision: decide([], { state: 'open' }) }, // was touched, and everything was taken back
      { drafts: 3 },
    ]);
    expect(images).toEqual({ total: 4, accepted: 1, started: 1 });
    expect(shares.images).toBe(0.25);
  });

  it('counts boxes that were decided on beside those that are drafts still', () => {
    const { boxes, shares, left } = progressOf([
      { drafts: 0, decision: decide(['kept', 'drawn']) },
      { drafts: 2, decision: decide(['rejected'], { state: 'open' }) },
      { drafts: 3 },
    ]);
    expect(boxes).toEqual({ total: 8, decided: 3 });
    expect(shares.boxes).toBe(3 / 8);
    expect(left).toMatchObject({ images: 2, drafts: 5 });
  });

  it('tells what became of boxes, also for each class', () => {
    const { outcomes, outcomesByClass } = progressOf([
      { drafts: 0, decision: decide(['kept', 'kept', 'drawn']) },
      { drafts: 1, decision: decide(['corrected', 'rejected'], { state: 'open', className: 'mug' }) },
    ]);
    expect(outcomes).toEqual({ kept: 2, corrected: 1, rejected: 1, drawn: 1 });
    expect([...outcomesByClass]).toEqual([
      ['cup', { ...NOTHING, kept: 2, drawn: 1 }],
      ['mug', { ...NOTHING, corrected: 1, rejected: 1 }],
    ]);
  });

  it('is all of a run without images', () => {
    expect(progressOf([])).toMatchObject({ shares: { images: 1, boxes: 1 }, left: { minutes: 0 } });
  });
});

describe('the time that the rest takes', () => {
  it('is that of looking at each image and each draft, as long as little was done', () => {
    const { left } = progressOf([...accepted(9, ['rejected'], 60), ...untouched(20, 5)]);
    expect(left.basis).toEqual({ outcomes: 'usual', pace: 'usual' });
    expect(left.minutes).toBeCloseTo((20 + 20 * 5) / 60, 9);
  });

  it('expects of the other images what the accepted ones took', () => {
    const done = accepted(10, ['kept', 'corrected', 'rejected', 'rejected', 'drawn'], 0);
    const { left } = progressOf([...done, ...untouched(20, 4)]);
    expect(left.basis).toEqual({ outcomes: 'own', pace: 'usual' });
    expect(left.minutes).toBeCloseTo((20 * (1 + 1 + 10 + 2 * 2 + 25)) / 60, 9);
  });

  it('takes the seconds for each action that it is given', () => {
    const seconds = { draw: 0, adjust: 0, delete: 0, check: 6 };
    expect(progressOf(untouched(5, 1), seconds).left.minutes).toBeCloseTo(1, 9);
  });

  it('goes on as fast as the images before were finished', () => {
    const { left } = progressOf([...accepted(11, ['kept', 'kept'], 30), ...untouched(10, 2)]);
    expect(left.basis).toEqual({ outcomes: 'own', pace: 'own' });
    expect(left.minutes).toBeCloseTo(5, 9);
  });

  it('leaves out pauses, and images that came faster than a person can look at them', () => {
    const atOnce = accepted(50, ['kept', 'kept'], 0.001);
    const later = accepted(11, ['kept', 'kept'], 30).map(({ decision }) => ({
      drafts: 0,
      decision: decide(['kept', 'kept'], { second: 7200 + (Date.parse(decision!.at) - START) / 1000 }),
    }));
    expect(progressOf([...atOnce, ...later, ...untouched(10, 2)]).left.minutes).toBeCloseTo(5, 9);
  });

  it('is measured for each author, since two work at the same time', () => {
    const byTwo = Array.from({ length: 22 }, (_, i) => ({
      drafts: 0,
      decision: decide(['kept', 'kept'], { second: Math.floor(i / 2) * 30, author: ['ada', 'bo'][i % 2]! }),
    }));
    expect(progressOf([...byTwo, ...untouched(10, 2)]).left.minutes).toBeCloseTo(5, 9);
  });

  it('is none once every image is accepted', () => {
    expect(progressOf(accepted(12, ['drawn'], 20)).left).toMatchObject({ images: 0, drafts: 0, minutes: 0 });
  });
});
