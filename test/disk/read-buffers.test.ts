import { describe, expect, it } from 'vitest';
import { ReadBuffers } from '../../src/disk/calls/read-buffers.js';

describe('ReadBuffers', () => {
  it('gives memory again only when it was given back, and once for that', () => {
    const buffers = new ReadBuffers();
    const first = buffers.take(600_000);
    const second = buffers.take(600_000);
    expect(second.buffer).not.toBe(first.buffer);
    buffers.give(first.subarray(1000));
    buffers.give(first);
    const third = buffers.take(500_000);
    expect(third).toHaveLength(500_000);
    expect(third.buffer).toBe(first.buffer);
    expect(buffers.take(500_000).buffer).not.toBe(first.buffer);
  });

  it('takes no memory of others', () => {
    const buffers = new ReadBuffers();
    const small = Buffer.from('shares its memory with other buffers');
    buffers.give(small);
    expect(buffers.take(10).buffer).not.toBe(small.buffer);
  });

  it('keeps little of what is not used again', () => {
    const buffers = new ReadBuffers();
    const taken = Array.from({ length: 5 }, () => buffers.take(8_000_000));
    for (const one of taken) buffers.give(one);
    const again = new Set(Array.from({ length: 5 }, () => buffers.take(8_000_000).buffer));
    expect(taken.filter(({ buffer }) => again.has(buffer)).length).toBeLessThan(5);
  });
});
