import { z } from 'zod';
import type { TileOptions } from '../../core/tiling/tiles.js';
import { numberBetween, numberOf, sidesBetween, toggle } from './values.js';

const SIZE =
  'must be the size of a tile in pixels, as one number or as height and width ([h, w]), each from 32 to 16384';

const Tiles = z.strictObject({
  size: sidesBetween(32, 16_384, SIZE).describe('Height and width of a tile, in pixels of the upright image'),
  overlap: numberBetween(0, 0.8)
    .default(0.2)
    .describe('Share of a tile that its neighbour covers too: more than the size of the objects that only tiles show'),
  full_image: toggle().default(true).describe('Also annotate the whole image, for objects larger than a tile'),
});

/** Keys of the mapping, for messages. */
export const TILE_KEYS = Object.keys(Tiles.shape);

/** A mapping, or as text `640`, `480,640` or `size=640,overlap=0.3,full_image=no`; false for no tiles. */
export function tiles() {
  const options = Tiles.transform(({ size, overlap, full_image: fullImage }): TileOptions => ({
    ...size,
    overlap,
    fullImage,
  }));
  const read = (value: unknown) => (typeof value === 'string' ? parseTiles(value.trim()) : value || undefined);
  return z.preprocess(read, options.optional());
}

/** Parts without a key are the size. */
function parseTiles(text: string): unknown {
  if (/^(no|off|false|0)$/i.test(text)) return undefined;
  const sizes: unknown[] = [];
  const others: Record<string, string> = {};
  for (const part of text.split(',').map((word) => word.trim())) {
    const [, key, value = ''] = /^([\w-]+)\s*=\s*(.*)$/.exec(part) ?? [];
    if (key === undefined) sizes.push(numberOf(part));
    else if (key === 'size') sizes.push(numberOf(value));
    else others[key.replaceAll('-', '_')] = value;
  }
  return { size: sizes.length === 1 ? sizes[0] : sizes, ...others };
}
