import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { mapConcurrent } from '../../src/core/stream.js';
import { decodeImage, readHeader } from '../../src/images/decode.js';
import { damagedImages, type DamagedImage } from '../support/damaged-images.js';
import { shuffled } from '../support/random.js';

const AT_ONCE = 12;
const ROUNDS = 12;

/** Everything that a decoded or refused image leaves behind. */
async function outcomeOf({ bytes }: DamagedImage, strict: boolean): Promise<unknown> {
  const { size } = await readHeader(bytes);
  try {
    const { pixels, ...image } = await decodeImage(bytes, { maxPixels: 268_402_689, strict });
    return { size, ...image, pixels: createHash('sha256').update(pixels).digest('hex') };
  } catch (error) {
    const { code, message, hint } = error as { code: string; message: string; hint: string };
    return { size, code, message, hint };
  }
}

/** Operations of libvips that fail or warn, as resizing, previews and the headers of other images may. */
async function disturb({ bytes }: DamagedImage): Promise<void> {
  await Promise.allSettled([
    sharp(bytes, { failOn: 'warning' }).metadata(),
    sharp(bytes, { failOn: 'warning' }).stats(),
    sharp(bytes).extract({ left: 1, top: 1, width: 9999, height: 9999 }).png().toBuffer(),
  ]);
}

describe('what is reported about an image', async () => {
  const images = await damagedImages();

  it.each([false, true])(
    'does not depend on the images that are decoded beside it or before it (strict: %s)',
    async (strict) => {
      const alone = new Map<string, unknown>();
      for (const image of images) alone.set(image.name, await outcomeOf(image, strict));
      for (let round = 0; round < ROUNDS; round++) {
        const tasks = shuffled(images, round).map((image, i) => ({ image, disturbs: i % 3 === round % 3 }));
        const outcomes = mapConcurrent(tasks, AT_ONCE, async ({ image, disturbs }) => {
          const [outcome] = await Promise.all([outcomeOf(image, strict), disturbs ? disturb(image) : undefined]);
          return { name: image.name, outcome };
        });
        for await (const { name, outcome } of outcomes) expect([name, outcome]).toEqual([name, alone.get(name)]);
      }
    },
  );

  it('names nothing of libvips', async () => {
    for (const image of images) {
      expect(JSON.stringify(await outcomeOf(image, false))).not.toMatch(/vips|libpng|Unknown error|failOn|corrupt/i);
    }
  });
});
