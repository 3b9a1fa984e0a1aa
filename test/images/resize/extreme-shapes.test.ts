import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { DecodedImage } from '../../../src/images/decoded-image.js';
import { openResizer } from '../../../src/images/resize/resizer.js';
import { ROWS_AT_ONCE, stretchByRows } from '../../../src/images/resize/stretch-rows.js';
import { Random } from '../../support/random.js';

/** Noise, with many samples at the ends of the range, where sums are clipped. */
function noise(width: number, height: number): DecodedImage {
  const random = new Random(width * height);
  const pixels = Uint8Array.from({ length: width * height * 3 }, () =>
    random.chance(0.3) ? 255 * random.below(2) : random.below(256),
  );
  return { pixels, width, height, original: { width, height } };
}

const square = (side: number) => ({ width: side, height: side });

describe('an image stretched some rows at a time equals, in every byte, the same stretched at once', () => {
  it.each([
    [1, 5000, 64],
    [2, 5001, 64],
    [3, 100_003, 24],
    [17, 20_000, 96],
    [64, 1500, 64],
    [300, 3000, 128],
    [901, 1300, 64],
    [2, 600_001, 24], // single precision decides where the weights of outputs lie
  ])('%i x %i to a side of %i', async (width, height, side) => {
    const image = noise(width, height);
    await using resizer = openResizer('stretch', square(side));
    await using rowResizer = openResizer('stretch', { width: side, height: ROWS_AT_ONCE });
    const expected = new Uint8Array(side * side * 3);
    await resizer.resize(image, expected);
    const target = new Uint8Array(side * side * 3);
    const across = async (pixels: Uint8Array) => {
      const rows = new Uint8Array(ROWS_AT_ONCE * side * 3);
      await rowResizer.resize({ ...image, pixels, height: ROWS_AT_ONCE }, rows);
      return rows;
    };
    await stretchByRows(image, { size: square(side), target, across });
    expect(Buffer.compare(target, expected)).toBe(0);
  });
});

/** One colour: [height, width, 3]. */
function plain(width: number, height: number): DecodedImage {
  return { pixels: new Uint8Array(width * height * 3).fill(90), width, height, original: { width, height } };
}

describe.each([
  ['stretch', 2, 200_000],
  ['letterbox', 1, 2_000_000],
  ['grey', 1, 2_000_000],
] as const)('resizing by %s', (fit, width, height) => {
  it(`of ${width} x ${height} pixels needs little memory of its own, and lets the event loop turn`, async () => {
    await using resizer = openResizer(fit, square(768));
    const target = new Uint8Array(768 * 768 * 3);
    const before = process.memoryUsage().rss;
    let turns = 0;
    let highest = 0;
    const state = { isDone: false };
    const resized = resizer.resize(plain(width, height), target).finally(() => (state.isDone = true));
    for (; !state.isDone; turns++) {
      await setImmediate();
      highest = Math.max(highest, process.memoryUsage().rss);
    }
    await resized;
    expect(turns).toBeGreaterThan(3);
    expect(highest - before).toBeLessThan(300e6); // 460 MB and more, were all rows held as wide as the result
    expect(target[0]).toBe({ stretch: 90, letterbox: 0, grey: 127 }[fit]); // a column shows little of the image
  });

  it('stops when the image is no longer needed', async () => {
    await using resizer = openResizer(fit, square(768));
    const controller = new AbortController();
    const resized = resizer.resize(plain(width, height), new Uint8Array(768 * 768 * 3), controller.signal);
    controller.abort(new Error('gone'));
    await expect(resized).rejects.toThrow('gone');
  });
});

it('an image one pixel wide is stretched without rows in between, to columns that all equal it', async () => {
  const image = noise(1, 30_000);
  await using resizer = openResizer('stretch', { width: 600, height: 64 }); // 18 million pixels in between
  await using narrow = openResizer('stretch', { width: 2, height: 64 });
  const target = new Uint8Array(600 * 64 * 3);
  const column = new Uint8Array(2 * 64 * 3);
  await resizer.resize(image, target);
  await narrow.resize(image, column);
  for (let y = 0; y < 64; y++) {
    for (const x of [0, 1, 299, 599]) {
      const pixel = target.subarray((y * 600 + x) * 3, (y * 600 + x) * 3 + 3);
      expect(pixel).toEqual(column.subarray(y * 6, y * 6 + 3));
    }
  }
});
