import { expect, it } from 'vitest';
import { colourOf } from '../../../src/page/shared/colours.js';

it('a label is readable on the colour of its class, for any number of classes', () => {
  const luminance = (hex: string) => {
    const linear = [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2); // near enough to sRGB
    return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  };
  for (let i = 0; i < 500; i++) {
    const { fill, text } = colourOf(i);
    const [dark, light] = [luminance(fill), luminance(text)].sort((a, b) => a - b) as [number, number];
    expect((light + 0.05) / (dark + 0.05), fill).toBeGreaterThan(4.4);
  }
  expect(new Set(Array.from({ length: 87 }, (_, i) => colourOf(i).fill)).size).toBe(87);
});
