import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { DecodedImage } from '../../../src/images/decoded-image.js';
import { drawPreview, type DrawnBox } from '../../../src/images/drawing/draw-preview.js';

const GREY = 128;
const RED = [200, 0, 0] as const;
const YELLOW = [240, 220, 40] as const;

function greyImage(width: number, height: number): DecodedImage {
  const size = { width, height };
  return { ...size, original: size, pixels: new Uint8Array(width * height * 3).fill(GREY) };
}

function boxAt(box: [number, number, number, number], label = 'cup 0.83', colour: DrawnBox['colour'] = RED): DrawnBox {
  return { box, label, colour };
}

interface Drawn {
  readonly width: number;
  readonly height: number;
  readonly at: (x: number, y: number) => number[];
}

async function drawn(image: DecodedImage, boxes: readonly DrawnBox[]): Promise<Drawn> {
  const { data, info } = await sharp(await drawPreview(image, boxes))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return { width: info.width, height: info.height, at };
}

/** JPEG blurs colours a little. */
function isNear(actual: readonly number[], wanted: readonly number[], tolerance = 60): boolean {
  return actual.every((level, i) => Math.abs(level - wanted[i]!) <= tolerance);
}

/** How many pixels of an area are nearly of the colour. */
function count({ at }: Drawn, [x1, y1, x2, y2]: [number, number, number, number], colour: readonly number[]): number {
  let pixels = 0;
  for (let y = y1; y < y2; y++) for (let x = x1; x < x2; x++) if (isNear(at(x, y), colour)) pixels++;
  return pixels;
}

describe('a preview', () => {
  it('shows the outline of a box and leaves the rest of the image as it is', async () => {
    const picture = await drawn(greyImage(320, 240), [boxAt([40, 60, 200, 180])]);
    expect([picture.width, picture.height]).toEqual([320, 240]);
    for (const [x, y] of [
      [40, 120],
      [199, 120],
      [150, 60],
      [150, 179],
    ] as const) {
      expect.soft(isNear(picture.at(x, y), RED), `${x}, ${y}`).toBe(true);
    }
    for (const [x, y] of [
      [120, 120],
      [36, 120],
      [204, 120],
      [120, 184],
    ] as const) {
      expect.soft(isNear(picture.at(x, y), [GREY, GREY, GREY], 30), `${x}, ${y}`).toBe(true);
    }
  });

  it('shows the label on the colour of the box: white on dark, black on light', async () => {
    const above: [number, number, number, number] = [40, 40, 100, 60];
    const dark = await drawn(greyImage(320, 240), [boxAt([40, 60, 200, 180])]);
    expect(count(dark, above, RED)).toBeGreaterThan(300);
    expect(count(dark, above, [255, 255, 255])).toBeGreaterThan(20);
    const light = await drawn(greyImage(320, 240), [boxAt([40, 60, 200, 180], 'cup 0.83', YELLOW)]);
    expect(count(light, above, YELLOW)).toBeGreaterThan(300);
    expect(count(light, above, [0, 0, 0])).toBeGreaterThan(20);
  });

  it('differs with the text of the label, and has the same bytes for the same label', async () => {
    const preview = (label: string) => drawPreview(greyImage(320, 240), [boxAt([40, 60, 200, 180], label)]);
    expect(await preview('cup 0.83')).toEqual(await preview('cup 0.83'));
    expect(await preview('cup 0.83')).not.toEqual(await preview('cup 0.88'));
  });

  it('shows the label inside the image where there is no room above or beside the box', async () => {
    const { at, ...picture } = await drawn(greyImage(320, 240), [boxAt([290, 4, 320, 200])]);
    expect(count({ ...picture, at }, [250, 4, 320, 24], RED)).toBeGreaterThan(300);
  });

  it('of a large image is smaller, and so are its boxes', async () => {
    const picture = await drawn(greyImage(2560, 1280), [boxAt([400, 400, 800, 800])]);
    expect([picture.width, picture.height]).toEqual([1280, 640]);
    expect(isNear(picture.at(200, 300), RED)).toBe(true);
    expect(isNear(picture.at(399, 300), RED)).toBe(true);
    expect(isNear(picture.at(300, 300), [GREY, GREY, GREY], 30)).toBe(true);
  });

  it('takes boxes in pixels of the original where the image was shrunk during decoding', async () => {
    const shrunk = { ...greyImage(320, 240), original: { width: 3200, height: 2400 } };
    const picture = await drawn(shrunk, [boxAt([400, 600, 2000, 1800])]);
    expect(isNear(picture.at(40, 120), RED)).toBe(true);
    expect(isNear(picture.at(150, 179), RED)).toBe(true);
  });

  it('has dark lines beside those of a box, so that it stands out from an image of the same colour', async () => {
    const size = { width: 320, height: 240 };
    const pixels = Uint8Array.from({ length: 320 * 240 * 3 }, (_, i) => RED[i % 3]!);
    const picture = await drawn({ ...size, original: size, pixels }, [boxAt([40, 60, 200, 180], '')]);
    expect(isNear(picture.at(40, 120), RED)).toBe(true);
    for (const x of [39, 42, 197, 200]) expect.soft(picture.at(x, 120)[0], `${x}`).toBeLessThan(150);
  });

  it('has wider lines and larger text where it is larger', async () => {
    const heights = await Promise.all(
      [320, 1280].map(async (side) => {
        const { at } = await drawn(greyImage(side, side), [boxAt([40, 100, 300, 300])]);
        const column = Array.from({ length: 80 }, (_, y) => isNear(at(42, 20 + y), RED));
        return column.filter(Boolean).length;
      }),
    );
    expect(heights[1]).toBeGreaterThan(heights[0]! * 1.3);
  });

  it('shows the best box, first in the list, over the others', async () => {
    const picture = await drawn(greyImage(320, 240), [
      boxAt([40, 60, 200, 180]),
      boxAt([40, 60, 200, 180], 'cup 0.20', YELLOW),
    ]);
    expect(isNear(picture.at(40, 120), RED)).toBe(true);
  });

  it.each<[string, DrawnBox]>([
    ['markup in a label', boxAt([10, 40, 100, 100], '<b>&amp;"\'</b> 0.5')],
    ['control characters in a label', boxAt([10, 40, 100, 100], 'a\u0001\u001b[31m\n\u202e 0.5')],
    ['an empty label', boxAt([10, 40, 100, 100], '')],
    ['a label wider than the picture', boxAt([10, 40, 100, 100], 'wide '.repeat(200))],
    ['a box outside the picture', boxAt([5000, 10, 6000, 5000])],
    ['a box that begins before the picture', boxAt([-50, -20, 60, 50])],
    ['a box of no width', boxAt([50, 50, 50, 90])],
  ])('%s does no harm', async (_what, box) => {
    const picture = await drawn(greyImage(160, 120), [box]);
    expect([picture.width, picture.height]).toEqual([160, 120]);
    expect(isNear(picture.at(155, 115), [GREY, GREY, GREY], 30)).toBe(true);
  });

  it('of a one-pixel image has no labels', async () => {
    const picture = await drawn(greyImage(1, 1), [boxAt([0, 0, 1, 1])]);
    expect([picture.width, picture.height]).toEqual([1, 1]);
  });
});
