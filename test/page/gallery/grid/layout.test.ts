import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf, placeAfterKey, rowsToDraw, scrollTo } from '../../../../src/page/gallery/grid/layout.js';

describe('the layout of the grid', () => {
  it.each([288, 920, 1240, 3700])('%i pixels wide, it has whole columns that fill the width', (width) => {
    const { columns, cellWidth, rows } = layoutOf({ width, height: 800 }, 100_000);
    expect(columns).toBeGreaterThanOrEqual(2);
    const used = columns * cellWidth + (columns - 1) * 10;
    expect(used).toBeLessThanOrEqual(width);
    expect(used).toBeGreaterThan(width - columns);
    expect(rows).toBe(Math.ceil(100_000 / columns));
  });

  it('of 100,000 images at 320 pixels is no higher than browsers can scroll', () => {
    const { rows, rowHeight } = layoutOf({ width: 288, height: 640 }, 100_000);
    expect(rows * rowHeight).toBeLessThan(17_000_000); // Firefox: 17.8 million pixels
  });

  it('draws the rows in view, a few around them, and the one with the focus', () => {
    const layout = layoutOf({ width: 1000, height: 800 }, 100_000);
    const drawn = rowsToDraw(layout, { top: 500 * layout.rowHeight, height: 2 * layout.rowHeight }, 3);
    expect(drawn).toEqual([3, 498, 499, 500, 501, 502, 503, 504]);
    expect(rowsToDraw(layout, { top: 0, height: layout.rowHeight }, 9000).at(-1)).toBe(9000);
    expect(rowsToDraw(layoutOf({ width: 1000, height: 800 }, 0), { top: 0, height: 800 }, 0)).toEqual([]);
  });

  it('scrolls no further than a row needs to be in view', () => {
    const layout = layoutOf({ width: 1000, height: 800 }, 1000);
    const view = { top: 10 * layout.rowHeight, height: 3 * layout.rowHeight };
    expect([9, 10, 12, 13].map((row) => scrollTo(row, layout, view) / layout.rowHeight)).toEqual([9, 10, 10, 11]);
  });
});

describe('a key of the grid', () => {
  const size = { columns: 4, pageRows: 3, count: 22 }; // the last row has 2

  it.each<[string, number, number]>([
    ['ArrowLeft', 0, 0],
    ['ArrowLeft', 4, 3],
    ['ArrowRight', 3, 4],
    ['ArrowRight', 21, 21],
    ['ArrowUp', 2, 2],
    ['ArrowUp', 6, 2],
    ['ArrowDown', 6, 10],
    ['ArrowDown', 19, 21], // below it is nothing: the last image
    ['ArrowDown', 20, 20],
    ['PageUp', 6, 2],
    ['PageUp', 19, 7],
    ['PageDown', 6, 18],
    ['PageDown', 18, 21],
    ['Home', 6, 4],
    ['End', 5, 7],
    ['End', 20, 21],
  ])('%s leads from %i to %i', (name, from, to) => {
    expect(placeAfterKey({ name, isControl: false }, from, size)).toBe(to);
  });

  it('Home and End with Control lead to the first and the last image', () => {
    expect(placeAfterKey({ name: 'Home', isControl: true }, 9, size)).toBe(0);
    expect(placeAfterKey({ name: 'End', isControl: true }, 9, size)).toBe(21);
  });

  it('leads to an image, from each image, however many there are', () => {
    const keys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End'];
    fc.assert(
      fc.property(
        fc.record({ columns: fc.integer({ min: 1, max: 9 }), pageRows: fc.integer({ min: 1, max: 5 }) }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(),
        fc.constantFrom(...keys),
        (grid, count, start, name) => {
          const next = placeAfterKey({ name, isControl: false }, start % count, { ...grid, count })!;
          expect(next).toBeGreaterThanOrEqual(0);
          expect(next).toBeLessThan(count);
        },
      ),
    );
    expect(placeAfterKey({ name: 'x', isControl: false }, 1, size)).toBeUndefined();
  });
});
