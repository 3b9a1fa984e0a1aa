import type { Metadata } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/images/decode.js';
import {
  BMP_COST,
  costOfPixels,
  HEIC_COST,
  refuseCostlyDecoding,
  refuseCostlyResizing,
  refuseManyTiles,
} from '../../src/images/decode-cost.js';

const DEFAULTS = { run: 268_402_689, serve: 50_000_000 };

/** The cost that a header states. */
function costOf(kind: string, metadata: Partial<Metadata>) {
  const whole = { channels: 3, depth: 'uchar', ...metadata } as Metadata;
  return costOfPixels(whole, { kind, decoder: 'sharp' });
}

describe('the memory that a decoder holds for each pixel', () => {
  it.each([
    ['PNG', {}, 0],
    ['PNG', { isProgressive: true }, 3],
    ['PNG', { isProgressive: true, channels: 4, depth: 'ushort' }, 8],
    ['PNG', { channels: 4, depth: 'ushort', orientation: 6 }, 8], // turned: the rows are needed in another order
    ['JPEG', {}, 0],
    ['JPEG', { orientation: 1 }, 0],
    ['JPEG', { orientation: 8 }, 3],
    ['JPEG', { isProgressive: true, chromaSubsampling: '4:2:0' }, 3],
    ['JPEG', { isProgressive: true, chromaSubsampling: '4:4:4' }, 6],
    ['JPEG', { isProgressive: true, chromaSubsampling: '4:4:4:4', channels: 4 }, 8],
    ['GIF', {}, 4],
    ['WebP', {}, 8],
    ['TIFF', {}, 0],
  ] as const)('of %s, %j, is %i bytes', (kind, metadata, bytes) => {
    expect(costOf(kind, metadata as Partial<Metadata>).heldBytes).toBe(bytes);
  });

  it('of BMP are its indices and its pixels', () => {
    expect(BMP_COST.heldBytes).toBe(4);
  });
});

describe('an image is refused before it is decoded', () => {
  it('where decoding it needs more memory than its pixels allow, and the message names size and cost', async () => {
    const limits = { maxPixels: DEFAULTS.run, strict: false };
    const header = {
      sniffed: { kind: 'PNG', decoder: 'sharp' },
      size: { width: 15_000, height: 12_000 },
      cost: costOf('PNG', { isProgressive: true, channels: 4, depth: 'ushort' }),
    } as const;
    await expect(decodeImage(Buffer.alloc(0), limits, header)).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: 'decoding this PNG image of 15000 x 12000 pixels needs 1440 MB of memory, more than the 806 MB allowed.',
      hint: expect.stringContaining('--max-pixels'),
    });
  });

  it.each([
    ['PNG', 'Save it without interlacing, upright, or smaller.'],
    ['JPEG', 'Save it as baseline JPEG, upright, or smaller.'],
    ['HEIC', 'Convert it to baseline JPEG, or save it smaller.'],
    ['WebP', 'Save it smaller.'],
  ])('with advice for its kind: %s', (kind, advice) => {
    const check = () =>
      refuseCostlyDecoding({ width: 8000, height: 6000 }, HEIC_COST, { kind, maxPixels: DEFAULTS.serve });
    expect(check).toThrow(expect.objectContaining({ hint: `${advice} Or raise --max-pixels.` }) as Error);
  });

  it('where its shape takes longer to resize than its pixel count suggests', () => {
    const check = (width: number, height: number, maxPixels: number) => () =>
      refuseCostlyResizing({ width, height }, width === 1 ? height : height * 768, maxPixels);
    expect(check(2, 2_000_000, DEFAULTS.run)).toThrow(
      'its shape, 2 x 2000000, takes as long to read and resize as 1568000000 pixels, ' +
        'more than the 134201344 allowed (half of --max-pixels).',
    );
    expect(check(1, 40_000_000, DEFAULTS.run)).toThrow(/1 x 40000000/);
    expect(check(1, 2_000_000, DEFAULTS.run)).not.toThrow();
    expect(check(1, 2_000_000, DEFAULTS.serve)).toThrow(/as 34000000 pixels/);
    expect(check(700, 65_500, DEFAULTS.serve)).not.toThrow(); // as tall as a JPEG can be
  });

  it('where its shape makes far more tiles than its pixel count suggests', () => {
    const check = (count: number, maxPixels: number) => () =>
      refuseManyTiles({ width: 1, height: count * 500 }, { count, pixels: 640 * 640 }, maxPixels);
    expect(check(4000, DEFAULTS.serve)).toThrow(/^its shape, 1 x 2000000, makes 4000 tiles, more than the 488 allowed/);
    expect(check(250, DEFAULTS.serve)).not.toThrow(); // a square of 50 Mpixel
    expect(check(60, 1000)).not.toThrow();
  });
});
