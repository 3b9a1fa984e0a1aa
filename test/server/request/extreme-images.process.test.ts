import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scene, TestServer } from '../../support/server.js';

const ordinary = await scene('scene-01.jpg');

/** One colour, of any shape. */
function plain(width: number, height: number): Sharp {
  const create = { width, height, channels: 3, background: '#285aa0' } as const;
  return sharp({ create, limitInputPixels: false });
}

const ENCODINGS: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  PNG: (image) => image.png(),
  'interlaced PNG': (image) => image.png({ progressive: true }),
  'PNG of 16 bits': (image) => image.toColourspace('rgb16').png(),
  'turned PNG': (image) => image.png().withMetadata({ orientation: 6 }),
  TIFF: (image) => image.tiff({ compression: 'deflate' }),
  JPEG: (image) => image.jpeg(),
  'progressive JPEG': (image) => image.jpeg({ progressive: true }),
  'turned JPEG': (image) => image.jpeg().withMetadata({ orientation: 8 }),
  GIF: (image) => image.gif({ effort: 1 }),
  WebP: (image) => image.webp({ effort: 0 }),
};
/** The longest side of each that its format allows; else a million pixels. */
const LONGEST: Readonly<Record<string, number>> = { WebP: 16_383, GIF: 65_535 };
const longestOf = (name: string) => LONGEST[name] ?? (name.includes('JPEG') ? 65_500 : 1_000_000);

describe('images of extreme shapes cost a server neither a worker nor a gigabyte', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: ['--workers-per-device', '1'] });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const encode = async (name: string, width: number, height: number) =>
    Uint8Array.from(await ENCODINGS[name]!(plain(width, height)).toBuffer());

  it.each(Object.keys(ENCODINGS))('a line of %s is annotated, standing or lying', async (name) => {
    const side = longestOf(name);
    for (const [width, height] of [
      [1, side],
      [side, 1],
    ] as const) {
      const response = await server.post(await encode(name, width, height));
      const isTurned = name.startsWith('turned');
      expect(await response.json()).toMatchObject({
        width: isTurned ? height : width,
        height: isTurned ? width : height,
      });
    }
  });

  it('several at once leave an ordinary image its answer', async () => {
    const tall = await encode('PNG', 1, 1_000_000);
    const costly = await encode('PNG', 2, 2_000_000);
    const answers = await Promise.all([tall, costly, tall, ordinary, costly].map((bytes) => server.post(bytes)));
    expect(answers.map(({ status }) => status)).toEqual([200, 413, 200, 200, 413]);
    expect(await answers[1]!.json()).toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      detail: expect.stringContaining('its shape, 2 x 2000000, takes as long to read and resize as'),
    });
  });

  it('extreme images do not restart the worker', async () => {
    expect(await server.metrics('worker_restarts_total')).toEqual([0]);
  });
});
