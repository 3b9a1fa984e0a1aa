import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/images/budget.js';

describe('a budget', () => {
  it('never grants more than its total, and grants in the order of the calls', async () => {
    const budget = new Budget(10);
    const granted: string[] = [];
    const take = (name: string, cost: number) => budget.take(cost).then((share) => (granted.push(name), share));
    const first = await take('6', 6);
    const second = take('7', 7);
    const third = take('1', 1); // would fit, but 7 was first
    await setImmediate();
    expect(granted).toEqual(['6']);
    first[Symbol.dispose]();
    await second;
    await third;
    expect(granted).toEqual(['6', '7', '1']);
  });

  it('grants a cost above its total when nothing else is taken', async () => {
    const budget = new Budget(10);
    const small = await budget.take(1);
    let alone = false;
    const huge = budget.take(1000).then((share) => ((alone = true), share));
    await setImmediate();
    expect(alone).toBe(false);
    small[Symbol.dispose]();
    (await huge)[Symbol.dispose]();
    (await budget.take(10))[Symbol.dispose]();
  });

  it.each([NaN, -1])('refuses a cost of %d, and stays as it was', async (cost) => {
    const budget = new Budget(10);
    await expect(budget.take(cost)).rejects.toThrow(/This is a bug/);
    const all = await budget.take(10);
    let isGranted = false;
    const next = budget.take(1).then((share) => ((isGranted = true), share));
    await setImmediate();
    expect(isGranted).toBe(false);
    all[Symbol.dispose]();
    await next;
  });
});
