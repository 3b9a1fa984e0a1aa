import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FileCalls } from '../../../src/disk/calls/call-file.js';

/** A file system that takes so long to answer. */
function fileSystem(ms: number) {
  const counts = { now: 0, later: 0 };
  const call = {
    now: () => {
      for (const end = performance.now() + ms; performance.now() < end;) continue;
      return ++counts.now;
    },
    later: async () => {
      await sleep(0);
      return ++counts.later;
    },
  };
  return { counts, call };
}

it('quick calls are waited for, and other work has its turn meanwhile', async () => {
  const { counts, call } = fileSystem(0);
  const calls = new FileCalls();
  let turns = 0;
  const turn = () => {
    turns++;
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  for (let i = 1; i <= 2000; i++) expect(await calls.do(call)).toBe(i);
  clearImmediate(timer);
  expect(counts).toEqual({ now: 2000, later: 0 });
  expect(turns).toBeGreaterThan(2);
});

it('a slow file system is asked for many files at once', async () => {
  const { counts, call } = fileSystem(1);
  const calls = new FileCalls();
  for (let i = 0; i < 400; i++) await calls.do(call);
  expect(counts.now).toBeLessThan(250);
  expect(counts.now + counts.later).toBe(400);
});

it('what a call throws is thrown', () => {
  const fail = () => {
    throw new Error('no such file');
  };
  expect(() => new FileCalls().do({ now: fail, later: () => Promise.resolve(1) })).toThrow('no such file');
});
