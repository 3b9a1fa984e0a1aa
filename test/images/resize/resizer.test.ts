import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Fit } from '../../../src/core/inference/input-form.js';
import { openResizer } from '../../../src/images/resize/resizer.js';
import { GOLDEN, goldenCases, tensorsOf } from '../../support/model/golden.js';

const MEAN = [0.48145466, 0.4578275, 0.40821073];
const STD = [0.26862954, 0.26130258, 0.27577711];

// Of photographs, at most 0.1 % of samples differ; of pure noise, 0.15 %.
describe('stretching for OWL-ViT gives the pixels of Pillow within one level, almost all of them exactly', () => {
  const golden = goldenCases('preprocess').find(({ model }) => model === 'owlvit-tiny')!;
  const tensor = tensorsOf(golden);
  it.each(golden.items)('$prefix', async (item) => {
    const ours = await resized('stretch', item);
    const { height, width } = item.size;
    let largest = 0;
    let differing = 0;
    let compared = 0;
    const every = item.only === undefined ? 1 : 5; // the largest is stored as every fifth row
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < height; y += every) {
        for (let x = 0; x < width; x++) {
          const at = (c * Math.ceil(height / every) + y / every) * width + x;
          const theirs =
            item.only === undefined
              ? level(tensor(`${item.prefix}.pixel_values`).data[at]!, c)
              : tensor(`${item.prefix}.resized_u8_sampled`).data[at]!;
          const difference = Math.abs(ours[(y * width + x) * 3 + c]! - Math.round(theirs));
          largest = Math.max(largest, difference);
          differing += difference;
          compared++;
        }
      }
    }
    expect(largest).toBeLessThanOrEqual(1);
    expect(differing / compared).toBeLessThan(item.image === 'small_noise' ? 0.0015 : 0.001);
  });
});

describe.each([
  ['letterbox', 'black', '5', '.pad0.0.'],
  ['grey', 'grey', '4', '.pad0.5.'],
] as const)(
  'the fit %s pads with %s: the pixels of transformers %s, rounded to whole levels',
  (fit, _, __, padding) => {
    const golden = goldenCases('preprocess').find(({ model }) => model === 'owlv2-tiny')!;
    const tensor = tensorsOf(golden);
    it.each(golden.items.filter(({ prefix }) => prefix.includes(padding)))('$prefix', async (item) => {
      const ours = await resized(fit, item);
      const { height, width } = item.size;
      const { data, shape } = tensor(
        item.only === undefined ? `${item.prefix}.pixel_values` : `${item.prefix}.pixel_values_sampled`,
      );
      const [stepY, stepX] = item.only === undefined ? [1, 1] : [29, 31];
      expect(shape).toEqual([3, Math.ceil(height / stepY), Math.ceil(width / stepX)]);
      let largest = 0;
      for (let c = 0; c < 3; c++) {
        for (let i = 0; i < shape[1]!; i++) {
          for (let j = 0; j < shape[2]!; j++) {
            const theirs = level(data[(c * shape[1]! + i) * shape[2]! + j]!, c);
            largest = Math.max(largest, Math.abs(ours[(i * stepY * width + j * stepX) * 3 + c]! - theirs));
          }
        }
      }
      expect(largest).toBeLessThan(0.501);
    });
  },
);

async function resized(fit: Fit, item: { image: string; size: { height: number; width: number } }) {
  const file = join(GOLDEN, 'images', `${item.image}.png`);
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  await using resizer = openResizer(fit, item.size);
  const pixels = new Uint8Array(item.size.height * item.size.width * 3);
  await resizer.resize({ pixels: data, width: info.width, height: info.height, original: info }, pixels);
  return pixels;
}

/** A normalised value as a level of 0–255. */
function level(value: number, channel: number): number {
  return (value * STD[channel]! + MEAN[channel]!) * 255;
}
