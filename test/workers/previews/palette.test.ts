import { describe, expect, it } from 'vitest';
import { colourOf } from '../../../src/workers/previews/palette.js';

describe('the palette of previews', () => {
  it('gives each of a hundred classes a colour of its own, and neighbours very different ones', () => {
    const colours = Array.from({ length: 100 }, (_, classId) => colourOf(classId));
    expect(new Set(colours.map(String)).size).toBe(100);
    for (const colour of colours.flat()) {
      expect(Number.isInteger(colour)).toBe(true);
      expect(colour).toBeGreaterThanOrEqual(0);
      expect(colour).toBeLessThanOrEqual(255);
    }
    for (let i = 1; i < colours.length; i++) {
      const apart = Math.hypot(...colours[i]!.map((level, channel) => level - colours[i - 1]![channel]!));
      expect(apart, `${i - 1} and ${i}`).toBeGreaterThan(100);
    }
  });
});
