import { describe, expect, it } from 'vitest';
import { planCrops } from '../../src/core/tiling/tiles.js';
import type { DecodedImage } from '../../src/images/decoded-image.js';
import { cutCrop } from '../../src/images/crop.js';

/** Each pixel encodes its position. */
function coordinates(width: number, height: number): DecodedImage {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) pixels.set([i % width, Math.floor(i / width), 7], i * 3);
  return { pixels, width, height, original: { width, height } };
}

describe('the pixels of a crop', () => {
  it('are those of the image at the tile, and all of them for the whole image', async () => {
    const image = coordinates(100, 60);
    const crops = planCrops(image, { height: 32, width: 40, overlap: 0.1, fullImage: true });
    expect(await cutCrop(image, crops[0]!)).toBe(image);
    for (const crop of crops.slice(1)) {
      const { pixels, width, height } = await cutCrop(image, crop);
      expect([width, height]).toEqual([40, 32]);
      for (const [x, y] of [
        [0, 0],
        [39, 0],
        [17, 31],
      ] as const) {
        const at = (y * width + x) * 3;
        expect([...pixels.subarray(at, at + 3)]).toEqual([crop.x.from + x, crop.y.from + y, 7]);
      }
    }
  });

  it('are shrunk for the whole of a very large image, whose boxes stay in pixels of the original', async () => {
    const [width, height] = [10_000, 6_500];
    const image = { pixels: new Uint8Array(width * height * 3).fill(90), width, height, original: { width, height } };
    const [whole] = planCrops(image);
    const { pixels, ...shrunk } = await cutCrop(image, whole!);
    expect(shrunk).toEqual({ width: 4096, height: 2662, original: { width, height } });
    expect(pixels.length).toBe(4096 * 2662 * 3);
    expect(pixels[12_345]).toBe(90);
  });
});
