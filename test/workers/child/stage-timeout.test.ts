import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PreannotateError } from '../../../src/core/errors.js';
import { StageTimeout } from '../../../src/workers/child/stage-timeout.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A second passes, in which processors work for the process so many seconds. */
function machine() {
  const used = { sec: 0 };
  const pass = async (seconds: number, share: number) => {
    for (let i = 0; i < seconds; i++) {
      used.sec += share;
      await vi.advanceTimersByTimeAsync(1000);
    }
  };
  return { timeout: new StageTimeout(() => used.sec), pass };
}

/** What became of a piece of work: undefined while it goes on. */
function watch(timeout: StageTimeout, what: 'reading' | 'decoding', work = new Promise<string>(() => {})) {
  const outcome: { code?: string; message?: string; result?: string } = {};
  timeout.watch({ what, limitSec: 5 }, work).then(
    (result) => (outcome.result = result),
    (error: unknown) => {
      const { code, message } = error as PreannotateError;
      Object.assign(outcome, { code, message });
    },
  );
  return outcome;
}

const GIVEN_UP = { code: 'IMAGE_TIMEOUT', message: 'decoding took longer than 5 s and was given up.' };

describe('decoding', () => {
  it('is given up after the seconds that a processor worked on it', async () => {
    const { timeout, pass } = machine();
    const outcome = watch(timeout, 'decoding');
    await pass(4, 1);
    expect(outcome).toEqual({});
    await pass(1, 1);
    expect(outcome).toEqual(GIVEN_UP);
    expect(timeout.givenUp).toBe(1);
  });

  it('has longer on a machine that is busy with other programs, up to three times', async () => {
    const { timeout, pass } = machine();
    const outcome = watch(timeout, 'decoding');
    await pass(9, 0.5);
    expect(outcome).toEqual({});
    await pass(1, 0.5);
    expect(outcome).toEqual(GIVEN_UP);
    const starved = watch(timeout, 'decoding');
    await pass(14, 0);
    expect(starved).toEqual({});
    await pass(1, 0);
    expect(starved).toEqual(GIVEN_UP);
  });

  it('has longer among others, and no longer than alone where there are processors for all', async () => {
    const { timeout, pass } = machine();
    const outcomes = [1, 2, 3, 4].map(() => watch(timeout, 'decoding'));
    await pass(9, 2);
    expect(outcomes).toEqual([{}, {}, {}, {}]);
    await pass(1, 2);
    expect(outcomes).toEqual([GIVEN_UP, GIVEN_UP, GIVEN_UP, GIVEN_UP]);
    const many = [1, 2].map(() => watch(timeout, 'decoding'));
    await pass(5, 16);
    expect(many).toEqual([GIVEN_UP, GIVEN_UP]);
  });

  it('that ends in time gives its result, and leaves the others their share', async () => {
    const { timeout, pass } = machine();
    let end: (result: string) => void = () => {};
    const first = watch(timeout, 'decoding', new Promise((resolve) => (end = resolve)));
    const second = watch(timeout, 'decoding');
    await pass(4, 1); // two seconds each
    end('pixels');
    await pass(2, 1);
    expect(first).toEqual({ result: 'pixels' });
    expect(second).toEqual({});
    await pass(1, 1);
    expect(second).toEqual(GIVEN_UP);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('reading is given up after its limit, whatever processors do', async () => {
  const { timeout, pass } = machine();
  const outcome = watch(timeout, 'reading');
  await pass(4, 0);
  expect(outcome).toEqual({});
  await pass(1, 0);
  expect(outcome).toMatchObject({ code: 'IMAGE_TIMEOUT', message: expect.stringContaining('reading took longer') });
});
