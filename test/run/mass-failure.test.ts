import { describe, expect, it } from 'vitest';
import type { FailureCode, PreannotateError } from '../../src/core/errors.js';
import type { ImageOutcome } from '../../src/core/image.js';
import { MassFailure, type ErrorBudget } from '../../src/run/mass-failure.js';
import { shuffled } from '../support/random.js';

const NONE = { count: 0 };

interface Image {
  readonly name: string;
  readonly becomes: 'ok' | 'finished before' | FailureCode;
  readonly reason?: string;
}

function images(count: number, becomes: (i: number) => Image['becomes'], reason?: (i: number) => string): Image[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `${String(i).padStart(6, '0')}.jpg`;
    return { name, becomes: becomes(i), ...(reason === undefined ? {} : { reason: reason(i) }) };
  });
}

const ok = (name: string) => ({ ok: true, result: { name } }) as unknown as ImageOutcome;

/** @returns Why the run is stopped, and how many images had failed by then. */
function run(
  all: readonly Image[],
  budget: ErrorBudget = NONE,
  order: (pending: [number, Image][]) => [number, Image][] = (pending) => pending,
): { failure: PreannotateError; failed: number } | undefined {
  const pending = all.filter(({ becomes }) => becomes !== 'finished before');
  const finished = new Set(all.filter((image) => !pending.includes(image)).map(({ name }) => name));
  const isFinished = (name: string) => finished.has(name);
  const watch = new MassFailure({ images: all.length, found: all, pending, isFinished, budget });
  let failed = 0;
  for (const [index, { name, becomes, reason = 'it is gone' }] of order([...pending.entries()])) {
    if (becomes === 'finished before') continue;
    if (becomes !== 'ok') failed++;
    const failure = { code: becomes as FailureCode, message: `${name}: ${reason}.`, hint: '' };
    const stop = watch.check(index, becomes === 'ok' ? ok(name) : { ok: false, name, failure }, failed);
    if (stop !== undefined) return { failure: stop, failed };
  }
  return undefined;
}

describe('a run whose images fail one after the other', () => {
  it('is stopped at the 200th that cannot be read, with the first reason and how to go on', () => {
    const { failure, failed } = run(images(5000, () => 'IMAGE_UNREADABLE'))!;
    expect(failed).toBe(200);
    expect(failure).toMatchObject({
      code: 'MASS_FAILURE',
      message: 'The run was stopped: 200 images in a row could not be read. The first: 000000.jpg: it is gone.',
      hint: expect.stringMatching(/network share.*run the same command again/) as string,
    });
  });

  it('is not stopped before', () => {
    expect(run(images(199, () => 'IMAGE_UNREADABLE'))).toBeUndefined();
    expect(run(images(5000, (i) => (i % 200 === 199 ? 'ok' : 'IMAGE_UNREADABLE')))).toBeUndefined();
  });

  it('is stopped in the middle too, whatever errors the disk reports', () => {
    const all = images(
      1000,
      (i) => (i < 300 ? 'ok' : i % 7 === 0 ? 'IMAGE_TIMEOUT' : 'IMAGE_UNREADABLE'),
      (i) => `error ${i}`,
    );
    expect(run(all)).toMatchObject({
      failed: 200,
      failure: { message: expect.stringContaining('000300.jpg: error 300') },
    });
  });

  it.each([1, 2, 3])('counts in the order of names, in whichever order images are done (%i)', (seed) => {
    const apart = images(5000, (i) => (i % 200 === 0 ? 'ok' : 'IMAGE_UNREADABLE'));
    expect(run(apart, NONE, (pending) => [...pending].sort(([, a], [, b]) => (a.becomes < b.becomes ? -1 : 1)))).toBe(
      undefined,
    );
    const row = images(700, (i) => (i >= 300 && i < 500 ? 'IMAGE_UNREADABLE' : 'ok'));
    expect(run(row, NONE, (pending) => shuffled(pending, seed))!.failure.message).toMatch(
      /200 images in a row .* The first: 000300\.jpg/,
    );
    expect(
      run(
        row.filter((_, i) => i !== 400),
        NONE,
        (pending) => shuffled(pending, seed),
      ),
    ).toBeUndefined();
  });

  it('does not take images for a row between which others were finished by an earlier attempt', () => {
    expect(run(images(5000, (i) => (i % 5 === 0 ? 'IMAGE_UNREADABLE' : 'finished before')))).toBeUndefined();
  });

  it('is stopped when 200 in a row are damaged in the same way, but not when each differs', () => {
    const same = run(images(1000, () => 'IMAGE_UNSUPPORTED'));
    expect(same).toMatchObject({ failed: 200, failure: { message: expect.stringContaining('for the same reason') } });
    expect(same!.failure.hint).toContain('--max-errors 100%');
    const differing = images(
      1000,
      () => 'IMAGE_UNDECODABLE',
      (i) => `it is cut short (${i} of 999 bytes)`,
    );
    expect(run(differing)).toBeUndefined();
  });
});

describe('a run with --max-errors', () => {
  const half = images(1000, (i) => (i % 2 === 0 ? 'IMAGE_UNDECODABLE' : 'ok'));

  it.each<[ErrorBudget, number, string]>([
    [{ count: 10 }, 11, '11 images failed, more than --max-errors 10 allows. The first: 000000.jpg: it is gone.'],
    [{ share: 0.025 }, 26, '26 images failed, more than --max-errors 2.5% allows.'],
  ])('is stopped as soon as no other result can keep it within %o', (budget, failed, message) => {
    expect(run(half, budget)).toMatchObject({
      failed,
      failure: { code: 'MASS_FAILURE', message: expect.stringContaining(message) },
    });
  });

  it.each<ErrorBudget>([{ count: 500 }, { share: 0.5 }, { share: 1 }, NONE])('is not stopped within %o', (budget) => {
    expect(run(half, budget)).toBeUndefined();
  });

  it('passes over damaged images in a row within it, but not over a disk that is gone', () => {
    const budget = { count: 600 };
    expect(
      run(
        images(1000, (i) => (i < 500 ? 'IMAGE_UNSUPPORTED' : 'ok')),
        budget,
      ),
    ).toBeUndefined();
    expect(
      run(
        images(1000, (i) => (i < 500 ? 'IMAGE_UNREADABLE' : 'ok')),
        budget,
      ),
    ).toMatchObject({ failed: 200 });
  });

  it('of 100% passes over everything', () => {
    expect(
      run(
        images(1000, () => 'IMAGE_UNREADABLE'),
        { share: 1 },
      ),
    ).toBeUndefined();
  });
});
